// Make the sounds: two notes when flexion passes the limit and when it is back, a tick for a hinge, a spoken sentence.
// Between 1 and 3 kHz, where small loudspeakers are loud and music is not.

const NOTES = { over: [1300, 2000], under: [2000, 1300], tick: [2600] };
const NOTE_S = { over: 0.11, under: 0.11, tick: 0.035 };
const LOUD = 0.8;

let context = null;
let isOn = false;

// Browsers let a page sound only after a touch: this is called by one. Returns whether it sounds now.
export async function unlockSound(on) {
  isOn = on;
  if (on && !context) context = new AudioContext({ latencyHint: "interactive" });
  if (on && context.state !== "running") await context.resume();
  if (!on && "speechSynthesis" in window) speechSynthesis.cancel();
  return isOn;
}

export const isSounding = () => isOn && context !== null;

export function outputDelayMs() {
  if (!context) return null;
  return Math.round(1000 * ((context.outputLatency || 0) + (context.baseLatency || 0)));
}

export function play(kind) {
  const length = NOTE_S[kind];
  NOTES[kind].forEach((pitch, at) => note(pitch, context.currentTime + at * length, length));
}

function note(pitch, from, length) {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.frequency.value = pitch;
  loudness.gain.setValueAtTime(0, from);
  loudness.gain.linearRampToValueAtTime(LOUD, from + 0.004);
  loudness.gain.setValueAtTime(LOUD, from + length - 0.008);
  loudness.gain.linearRampToValueAtTime(0, from + length);
  tone.connect(loudness).connect(context.destination);
  tone.start(from);
  tone.stop(from + length);
}

export function say(text) {
  if (!("speechSynthesis" in window)) return;
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(text);
  words.lang = "en";
  speechSynthesis.speak(words);
}
