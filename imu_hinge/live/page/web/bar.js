// By the bar: the last rep as number, shape and word; lumbar flexion now on a gauge; one bar per rep.
import { VERDICT_COLOURS, canvas, colour, drawShape, element, setText, svg } from "./dom.js";
import { farPixels } from "./distance.js";

const LUMBAR = 2;
const LOW = -20, HIGH = 120; // percent shown on the gauge; what lies outside sits at its end
const MOST_BARS = 12;
const NARROWEST = 34; // pixels in which a bar, its number and its shape can be told apart
const WAITS = { "stand still": "Stand still", "bend once": "Bend once", ready: "Ready" };
const LINE = 1.06; // height of a line in units of the font's size, the word's padding included
let shownWord = "";

export function drawBar(state) {
  const reps = state.sets.length ? state.sets.at(-1).reps : [];
  const last = reps.at(-1) || null;
  const word = last ? last.word : waitingWord(state);
  setText("number", last ? String(last.number) : "");
  setText("word", word);
  element("word").dataset.verdict = last ? last.verdict : "";
  drawVerdict(last ? last.verdict : null);
  const key = `${word} ${last ? String(last.number).length : 0}`;
  if (key !== shownWord) { shownWord = key; fitFarText(state); }
  drawGauge(state);
  drawBars(state, reps);
}

function waitingWord(state) {
  const { stage, now } = state;
  if (!stage || stage.stage === "preparing") return "Preparing";
  if (stage.stage === "over") return "Over";
  return (now && WAITS[now.waits_for]) || "Stand still";
}

function drawVerdict(verdict) {
  const box = element("shape");
  if (box.dataset.verdict === String(verdict)) return;
  box.dataset.verdict = String(verdict);
  box.toggleAttribute("hidden", !verdict);
  box.replaceChildren();
  if (!verdict) return;
  const paint = `var(--${VERDICT_COLOURS[verdict]})`;
  const node = {
    hip_hinge: () => svg("circle", { cx: 50, cy: 50, r: 46 }),
    lumbar_flexion: () => svg("path", { d: "M50 4 98 94H2Z" }),
    squat: () => svg("rect", { x: 8, y: 8, width: 84, height: 84 }),
    undecided: () => svg("path", { d: "M14 14 86 86M86 14 14 86", "stroke-width": 16 }),
  }[verdict]();
  node.style[verdict === "undecided" ? "stroke" : "fill"] = paint;
  box.append(node);
}

// Width of a text in units of its font's size, as this browser draws it.
function widthOf(text) {
  const pen = element("gauge-canvas").getContext("2d");
  pen.font = `bold 100px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width / 100;
}

// The word is as large as the distance asks where there is room for that, and at least as large as looks well.
export function fitFarText() {
  const box = element("last").getBoundingClientRect();
  if (!box.width) return;
  const word = element("word");
  const parts = word.textContent.split(" ");
  const byWidth = (0.98 * box.width) / Math.max(1, ...parts.map(widthOf));
  const isOnOneLine = (size) => widthOf(word.textContent) * size <= box.width;
  const most = (lines) => (box.height * (element("number").textContent ? 0.745 : 0.9)) / (LINE * lines);
  let size = Math.min(byWidth, most(1), Math.max(farPixels(), Math.min(0.28 * box.height, byWidth)));
  if (!isOnOneLine(size)) size = Math.min(size, most(parts.length));
  word.style.fontSize = `${size}px`;
  const left = box.height - LINE * size * (isOnOneLine(size) ? 1 : parts.length);
  const isTall = left > 1.2 * box.width; // a phone held upright: the shape stands below the number
  element("count").style.flexDirection = isTall ? "column" : "row";
  const number = isTall ? Math.min(left * 0.6, box.width * 0.7) : Math.min(left * 1.15, box.width * 0.38);
  element("number").style.fontSize = `${Math.max(16, number)}px`;
  const narrow = element("gauge").getBoundingClientRect().width;
  element("percent").style.fontSize = `${Math.min(farPixels(), narrow / widthOf("100 %"))}px`;
}

function drawGauge(state) {
  const { pen, width, height } = canvas(element("gauge-canvas"));
  const range = state.about ? state.about.range : null;
  const now = state.now;
  const angle = now ? now.angles_deg[LUMBAR] : null;
  const percent = angle === null || !range ? null : (100 * angle) / range.max_deg;
  setText("percent", percent === null ? "?" : `${Math.round(percent)} %`);
  setText("gauge-label", percent === null ? "lumbar flexion: cannot tell"
    : `lumbar flexion, ${range.is_own ? "your own range" : "default range"}`);
  const pad = 10, left = width * 0.24, right = width * 0.76;
  const at = (value) => pad + (height - 2 * pad) * (1 - (Math.min(HIGH, Math.max(LOW, value)) - LOW) / (HIGH - LOW));
  pen.fillStyle = colour("panel");
  pen.strokeStyle = colour("rule");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.rect(left, pad, right - left, height - 2 * pad);
  pen.fill();
  pen.stroke();
  if (percent !== null) {
    const limit = range.limit_percent;
    pen.fillStyle = colour(percent > limit ? "flexion" : "hinge");
    pen.globalAlpha = 0.55;
    pen.fillRect(left, Math.min(at(0), at(percent)), right - left, Math.abs(at(percent) - at(0)));
    pen.globalAlpha = 1;
    const sd = now.sd_deg[LUMBAR];
    pen.save();
    pen.beginPath();
    pen.rect(left, pad, right - left, height - 2 * pad);
    pen.clip(); // what is beyond the scale is not drawn beside it
    if (sd !== null) blur(pen, left, right, at(percent), ((100 * sd) / range.max_deg) * (height - 2 * pad) / (HIGH - LOW));
    pen.restore();
    pen.fillStyle = colour("ink");
    pen.fillRect(left - 6, at(percent) - 3, right - left + 12, 6);
  }
  if (range) {
    line(pen, width, at(range.limit_percent), "limit", []);
    if (range.neutral_percent !== null) line(pen, width, at(range.neutral_percent), "neutral", [10, 6]);
    line(pen, width, at(0), "standing", [3, 5]);
  }
}

// How sure it is, as a blur: opaque at the value, gone at two and a half standard deviations.
function blur(pen, left, right, y, sd) {
  const reach = Math.max(2, 2.5 * sd);
  const shade = pen.createLinearGradient(0, y - reach, 0, y + reach);
  for (let step = 0; step <= 10; step += 1) {
    const z = (step / 10) * 5 - 2.5;
    shade.addColorStop(step / 10, `color-mix(in srgb, ${colour("ink")} ${Math.round(75 * Math.exp(-z * z / 2))}%, transparent)`);
  }
  pen.fillStyle = shade;
  pen.fillRect(left, y - reach, right - left, 2 * reach);
}

function line(pen, width, y, name, dash) {
  pen.strokeStyle = pen.fillStyle = colour("limit");
  pen.lineWidth = name === "limit" ? 4 : 2;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(width * 0.12, y);
  pen.lineTo(width * 0.88, y);
  pen.stroke();
  pen.setLineDash([]);
  pen.font = `bold ${Math.min(32, Math.max(13, width * 0.085))}px sans-serif`;
  pen.textAlign = "right";
  pen.strokeStyle = colour("paper");
  pen.lineWidth = 6;
  pen.lineJoin = "round";
  pen.strokeText(name, width - 2, y - 7);
  pen.fillText(name, width - 2, y - 7);
}

function drawBars(state, reps) {
  const { pen, width, height } = canvas(element("bars-canvas"));
  if (!state.about) return;
  const shown = reps.slice(-Math.max(1, Math.min(MOST_BARS, Math.floor(width / NARROWEST))));
  const limit = state.about.range.limit_percent;
  const slot = width / Math.max(6, shown.length);
  const text = Math.min(Math.max(14, Math.min(height * 0.17, farPixels())), slot * 0.55);
  const top = text * 0.6, bottom = height - text * 1.25;
  const highest = Math.max(1.3 * limit, ...shown.map((rep) => rep.high_percent ?? 0));
  const at = (percent) => bottom - (bottom - top) * Math.max(0, Math.min(highest, percent)) / highest;
  const isOver = state.sets.length > 0 && state.sets.at(-1).is_over;
  shown.forEach((rep, index) => drawRep(pen, rep, { x: (index + 0.5) * slot, wide: slot * 0.62, at, bottom, text, isSettled: isOver || index < shown.length - 1 }));
  pen.strokeStyle = colour("limit");
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(0, at(limit));
  pen.lineTo(width, at(limit));
  pen.stroke();
}

function drawRep(pen, rep, { x, wide, at, bottom, text, isSettled }) {
  const paint = colour(VERDICT_COLOURS[rep.verdict]);
  pen.globalAlpha = isSettled ? 1 : 0.55; // the newest may still be withdrawn or revised
  if (rep.peak_percent === null) {
    pen.fillStyle = colour("soft");
    pen.font = `bold ${text}px sans-serif`;
    pen.textAlign = "center";
    pen.fillText("?", x, bottom - 4);
  } else {
    pen.fillStyle = rep.verdict === "undecided" ? hatch(pen, paint) : paint;
    pen.strokeStyle = paint;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.rect(x - wide / 2, at(rep.peak_percent), wide, bottom - at(rep.peak_percent));
    pen.fill();
    pen.stroke();
    pen.globalAlpha = 1;
    whisker(pen, x, wide / 5, at(rep.low_percent), at(rep.high_percent));
  }
  pen.globalAlpha = 1;
  const digits = String(rep.number);
  const size = Math.min(text, (wide / 0.62) / (0.6 * digits.length + 0.9)); // number and shape have one slot
  pen.font = `bold ${size}px sans-serif`;
  pen.textAlign = "left";
  pen.fillStyle = colour("ink");
  const both = pen.measureText(digits).width + size * 0.8;
  pen.fillText(digits, x - both / 2, bottom + text);
  drawShape(pen, rep.verdict, x + both / 2 - size * 0.3, bottom + text - size * 0.36, size * 0.3);
}

function whisker(pen, x, half, low, high) {
  pen.strokeStyle = colour("ink");
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(x, low); pen.lineTo(x, high);
  pen.moveTo(x - half, low); pen.lineTo(x + half, low);
  pen.moveTo(x - half, high); pen.lineTo(x + half, high);
  pen.stroke();
}

function hatch(pen, paint) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 12;
  const brush = tile.getContext("2d");
  brush.strokeStyle = paint;
  brush.lineWidth = 3;
  for (const shift of [-12, 0, 12]) { brush.moveTo(shift - 2, 14); brush.lineTo(shift + 14, -2); }
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}


