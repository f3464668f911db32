// Join the page: take frames, keep the state, draw what is visible, say what was drawn. Every part draws itself.
import { drawBar, fitFarText } from "./bar.js";
import { drawWatch } from "./watch.js";
import { unlockSound, isSounding, play, say, outputDelayMs } from "./sound.js";
import { store, stored, element, setText } from "./dom.js";
import { readableAt, setDistance } from "./distance.js";

const FLASH_MS = 450;
const RETRY_MS = [250, 500, 1000, 2000, 4000];
// When nothing came for so long it is said, and then the connection is made anew: 25 frames should come in a second.
const SILENT_MS = 1500;
const DEAD_MS = 6000;

const state = { about: null, stage: null, sets: [], links: [], warnings: [], now: null, history: [], latency_ms: null };
let socket = null;
let tries = 0;
let drawnNumber = 0;
let heardAt = performance.now();
let isDue = false;

function connect() {
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  heardAt = performance.now();
  const address = new URL("live", document.baseURI);
  address.protocol = "ws:";
  const mine = new WebSocket(address);
  socket = mine;
  drawnNumber = 0;
  mine.onmessage = (message) => { if (mine === socket) take(JSON.parse(message.data)); };
  mine.onopen = () => { tries = 0; };
  mine.onclose = () => {
    if (mine !== socket) return;
    setTimeout(connect, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
    tries += 1;
    redraw();
  };
}

// A phone that slept may hold a connection that is none any more: nobody says so, but nothing comes.
function reconnectIfDead() {
  const isLive = state.stage && state.stage.stage === "live";
  if (document.hidden || !isLive || performance.now() - heardAt < DEAD_MS) return;
  const old = socket;
  socket = null;
  old.close();
  connect();
}

function take(frame) {
  heardAt = performance.now();
  if (frame.about) { // the first frame of a connection holds everything
    Object.assign(state, { sets: [], now: null, history: [], latency_ms: null });
  }
  for (const part of ["about", "stage", "sets", "links", "warnings"]) {
    if (part in frame) state[part] = frame[part];
  }
  if (frame.latency_ms !== null) state.latency_ms = frame.latency_ms;
  if (frame.instants) {
    state.now = frame.instants.at(-1);
    state.history.push(...frame.instants);
    const from = state.now.time_s - (state.about ? state.about.history_s : 20);
    while (state.history.length && state.history[0].time_s < from) state.history.shift();
  }
  drawnNumber = frame.number;
  for (const cue of frame.cues || []) perform(cue);
  redraw();
}

function perform(cue) {
  if (cue.kind === "say") {
    if (stored("speak", "yes") === "yes" && isSounding()) say(cue.text);
    return;
  }
  if (isSounding()) play(cue.kind);
  const flash = element("flash");
  flash.dataset.kind = cue.kind;
  clearTimeout(perform.timer);
  perform.timer = setTimeout(() => delete flash.dataset.kind, FLASH_MS);
}

// One drawing for all that came since the last; a hidden page draws nothing and so is sent nothing.
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawCorner();
    (document.body.dataset.view === "bar" ? drawBar : drawWatch)(state);
    if (socket && socket.readyState === WebSocket.OPEN && drawnNumber) socket.send(String(drawnNumber));
  });
}

function drawCorner() {
  const { about, now, links } = state;
  element("simulated").hidden = !(about && about.is_simulated);
  setText("basis", now && now.basis ? now.basis : "not known yet");
  setText("links", links.map(linkWords).join("; "));
  setText("latency", state.latency_ms === null ? "" : `${Math.round(state.latency_ms)} ms behind`);
  const banner = bannerWords();
  element("banner").hidden = !banner;
  setText("banner", banner);
}

function linkWords(link) {
  const isMissing = state.now && state.now.missing.includes(link.placement);
  return [
    `${link.placement} ${isMissing ? "silent" : link.state}`,
    link.rate_hz === null ? "" : `${link.rate_hz} Hz`,
    link.loss_percent === null ? "" : `${link.loss_percent} % lost`,
    link.battery_percent === null ? "" : `battery ${link.battery_percent} %`,
  ].filter(Boolean).join(", ");
}

function bannerWords() {
  if (!socket || socket.readyState !== WebSocket.OPEN) return "No connection to the program. Trying again.";
  const { stage, now } = state;
  if (!stage) return "";
  if (stage.stage === "preparing" || stage.stage === "over" || stage.message) return stage.message;
  if (stage.stage === "live" && performance.now() - heardAt > SILENT_MS) return "Nothing new is coming in.";
  if (now && now.missing.length) return `${now.missing.join(" and ")} silent: inferred until it is back.`;
  return "";
}

function bind() {
  element("view").onclick = () => {
    const view = document.body.dataset.view === "bar" ? "watch" : "bar";
    document.body.dataset.view = view;
    setText("view", view === "bar" ? "Watch" : "By the bar");
    store("view", view);
    fit();
  };
  element("look").onclick = () => setLook(document.documentElement.dataset.look === "light" ? "dark" : "light");
  element("sound").onclick = async () => {
    const on = element("sound").getAttribute("aria-pressed") !== "true";
    showSound(on ? await unlockSound(true) : await unlockSound(false));
  };
  const settings = element("settings");
  const show = (on) => { settings.hidden = !on; element("options").setAttribute("aria-expanded", String(on)); fit(); };
  element("options").onclick = () => show(settings.hidden);
  element("close").onclick = () => show(false);
  element("speak").checked = stored("speak", "yes") === "yes";
  element("speak").onchange = (event) => store("speak", event.target.checked ? "yes" : "no");
  setDistance(fit);
}

function showSound(on) {
  element("sound").setAttribute("aria-pressed", String(on));
  setText("sound", on ? "Sound on" : "Sound off");
  const delay = outputDelayMs();
  setText("delay", delay === null ? "Loudspeaker: turn the sound on to see its delay."
    : `Loudspeaker: about ${delay} ms late, as this browser says; Bluetooth adds more.`);
}

function setLook(look) {
  document.documentElement.dataset.look = look;
  setText("look", look === "light" ? "Dark" : "Light");
  store("look", look);
  redraw();
}

function fit() {
  fitFarText(state);
  setText("readable", `The verdict is readable from ${readableAt().toFixed(1)} m (20 minutes of arc).`);
  redraw();
}

setLook(stored("look", matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));
document.body.dataset.view = stored("view", "bar");
setText("view", document.body.dataset.view === "bar" ? "Watch" : "By the bar");
bind();
showSound(false);
const resized = new ResizeObserver(fit);
for (const node of [document.body, element("last")]) resized.observe(node); // a banner takes room from the verdict
document.addEventListener("visibilitychange", () => { if (!document.hidden) { tries = 0; connect(); reconnectIfDead(); keepAwake(); redraw(); } });
setInterval(() => { reconnectIfDead(); redraw(); }, 500);
async function keepAwake() {
  // Only where the browser lets it: not over plain http in a network.
  try { await navigator.wakeLock?.request("screen"); } catch { /* the screen may go dark: said in no words */ }
}
keepAwake();
connect();
