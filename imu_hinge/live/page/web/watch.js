// Watching: the lifter from the side, the angles over the last seconds, the reps side by side, the sets and the rest.
import { canvas, colour, drawShape, element, rounded, setText } from "./dom.js";
import { drawFigure } from "./figure.js";

const ANGLES = [[0, "pelvis", "pelvis tilt", []], [1, "trunk", "trunk inclination", [9, 3]], [2, "lumbar", "lumbar flexion", [6, 3, 2, 3]]];
const NARROW = 440; // pixels below which the legend says "pelvis" for "pelvis tilt"
const LUMBAR = 2;
let shownSets = null;

export function drawWatch(state) {
  drawFigure(state);
  drawChart(state);
  if (state.sets !== shownSets) {
    shownSets = state.sets;
    drawMultiples(state);
    drawSets(state);
  }
  drawRest(state);
  const list = element("warnings");
  if (list.children.length !== state.warnings.length) {
    list.replaceChildren(...state.warnings.map((text) => node("li", text)));
  }
}

function drawChart(state) {
  const { pen, width, height } = canvas(element("chart-canvas"));
  const { history, about } = state;
  if (!about) return;
  const left = 44, right = width - 8, top = 24, bottom = height - 22;
  const end = history.length ? history.at(-1).time_s : 0;
  const low = -20, high = Math.max(100, ...history.flatMap((each) => each.angles_deg.slice(0, 3).map((angle) => angle ?? 0)));
  const x = (time) => right - ((end - time) / about.history_s) * (right - left);
  const y = (angle) => bottom - ((angle - low) / (high - low)) * (bottom - top);
  axes(pen, { left, right, bottom, x, y, end, high, span: about.history_s });
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
  band(pen, history, x, y);
  for (const [column, name, , dash] of ANGLES) curve(pen, history.map((each) => [x(each.time_s), each.angles_deg[column]]), y, name, dash);
  pen.restore();
  const limit = (about.range.limit_percent * about.range.max_deg) / 100;
  pen.strokeStyle = colour("limit");
  pen.lineWidth = 1.5;
  segment(pen, left, y(limit), right, y(limit));
  pen.fillStyle = colour("limit");
  pen.textAlign = "right";
  pen.fillText("lumbar limit", right, y(limit) - 4);
  legend(pen, left, width < NARROW);
}

function axes(pen, { left, right, bottom, x, y, end, high, span }) {
  pen.font = "13px sans-serif";
  pen.strokeStyle = colour("rule");
  pen.fillStyle = colour("soft");
  pen.lineWidth = 1;
  pen.textAlign = "right";
  for (let angle = 0; angle <= high; angle += 30) {
    segment(pen, left, y(angle), right, y(angle));
    pen.fillText(`${angle}°`, left - 6, y(angle) + 4);
  }
  pen.textAlign = "center";
  for (let back = 0; back <= span; back += 5) pen.fillText(back ? `−${back} s` : "now", Math.min(x(end - back), right - 14), bottom + 17);
}

function band(pen, history, x, y) {
  const known = history.filter((each) => each.angles_deg[LUMBAR] !== null && each.sd_deg[LUMBAR] !== null);
  if (known.length < 2) return;
  pen.fillStyle = colour("lumbar");
  pen.globalAlpha = 0.25;
  pen.beginPath();
  for (const each of known) pen.lineTo(x(each.time_s), y(each.angles_deg[LUMBAR] + 1.96 * each.sd_deg[LUMBAR]));
  for (const each of known.toReversed()) pen.lineTo(x(each.time_s), y(each.angles_deg[LUMBAR] - 1.96 * each.sd_deg[LUMBAR]));
  pen.fill();
  pen.globalAlpha = 1;
}

export function curve(pen, points, y, name, dash) {
  pen.strokeStyle = colour(name);
  pen.lineWidth = 2.5;
  pen.setLineDash(dash);
  pen.beginPath();
  let isDown = false;
  for (const [x, angle] of points) {
    if (angle === null) isDown = false;
    else if (isDown) pen.lineTo(x, y(angle));
    else { pen.moveTo(x, y(angle)); isDown = true; }
  }
  pen.stroke();
  pen.setLineDash([]);
}

function segment(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function legend(pen, left, isNarrow) {
  pen.textAlign = "left";
  let x = left;
  for (const [, name, whole, dash] of ANGLES) {
    const words = isNarrow ? name : whole;
    pen.strokeStyle = colour(name);
    pen.lineWidth = 3;
    pen.setLineDash(dash);
    segment(pen, x, 10, x + 24, 10);
    pen.setLineDash([]);
    pen.fillStyle = colour("ink");
    pen.fillText(words, x + 30, 14);
    x += 50 + pen.measureText(words).width;
  }
}

function drawMultiples(state) {
  const box = element("multiples");
  const reps = state.sets.length ? state.sets.at(-1).reps : [];
  box.replaceChildren();
  for (const rep of reps) {
    const figure = document.createElement("figure");
    const words = `${rep.number} ${rep.word} ${rounded(rep.peak_percent)} %`;
    const drawing = document.createElement("canvas");
    figure.append(node("figcaption", words), drawing);
    figure.title = [`sure ${Math.round(100 * rep.confidence)} %`, rep.basis, ...rep.findings].filter(Boolean).join(", ");
    box.append(figure);
    drawCurve(drawing, rep, state.about.range);
  }
}

function drawCurve(drawing, rep, range) {
  const { pen, width, height } = canvas(drawing);
  if (rep.curve.length < 2) return;
  const span = rep.curve.at(-1)[0] || 1;
  const y = (angle) => height - 4 - ((angle + 20) / 130) * (height - 8);
  const limit = (range.limit_percent * range.max_deg) / 100;
  pen.strokeStyle = colour("rule");
  pen.lineWidth = 1;
  segment(pen, 0, y(0), width, y(0));
  pen.strokeStyle = colour("limit");
  segment(pen, 0, y(limit), width, y(limit));
  for (const [column, name, , dash] of ANGLES) curve(pen, rep.curve.map((point) => [(point[0] / span) * width, point[column + 1]]), y, name, dash);
  drawShape(pen, rep.verdict, width - 12, 12, 8);
}

function drawSets(state) {
  element("set-rows").replaceChildren(...state.sets.map((set) => {
    const row = document.createElement("tr");
    const seen = set.is_over ? set.sentence : counts(set.reps);
    row.append(node("td", set.number), node("td", set.reps.length), node("td", set.has_cues ? "yes" : "no"), node("td", seen));
    return row;
  }));
}

function counts(reps) {
  const words = {};
  for (const rep of reps) words[rep.word] = (words[rep.word] || 0) + 1;
  return Object.entries(words).map(([word, count]) => `${count} ${word}`).join(", ");
}

function drawRest(state) {
  const set = state.sets.at(-1);
  const rest = set && state.now ? Math.max(0, state.now.time_s - set.end_s) : null;
  const minutes = Math.floor((rest || 0) / 60), seconds = String(Math.floor((rest || 0) % 60)).padStart(2, "0");
  setText("rest", rest === null ? "" : set.is_over ? `Rest ${minutes}:${seconds}` : `Set ${set.number}`);
}

function node(name, text) {
  const made = document.createElement(name);
  made.textContent = String(text);
  return made;
}


