// The lifter from the side, drawn from the posture: shank, thigh, pelvis, lumbar arc, trunk, arm and bar.
// Lengths are shares of body height (Winter), as in the analysis; what is not known is drawn dashed and upright.
import { canvas, colour, element } from "./dom.js";

const SHARE = { shank: 0.246, thigh: 0.245, pelvis: 0.057, lumbar: 0.097, thorax: 0.128, arm: 0.386, head: 0.065, foot: 0.15 };
const RADIANS = Math.PI / 180;
const ARC_STEPS = 8;

export function drawFigure(state) {
  const { pen, width, height } = canvas(element("figure-canvas"));
  const now = state.now;
  const [pelvis, trunk, lumbar, hip, knee] = now ? now.angles_deg : [null, null, null, null, null];
  const size = Math.min(height * 0.94, width * 1.05);
  const scale = (share) => share * size;
  const origin = { x: width * 0.55, y: height - 10 };
  pen.lineCap = pen.lineJoin = "round";
  ground(pen, width, origin.y);

  const hasLegs = hip !== null && knee !== null && pelvis !== null;
  const thighLean = hasLegs ? hip - pelvis : 0;
  const shankLean = hasLegs ? knee - thighLean : 0;
  const ankle = { x: origin.x, y: origin.y - 4 };
  const kneeAt = along(ankle, shankLean, scale(SHARE.shank));
  const hipAt = along(kneeAt, -thighLean, scale(SHARE.thigh));
  // Balanced: the shift of the whole body over the foot is not drawn, the ankle stays where it is.
  limb(pen, [{ x: ankle.x - scale(0.04), y: origin.y }, { x: ankle.x + scale(SHARE.foot), y: origin.y }], "ink", { isKnown: true, wide: 0.02 * size });
  limb(pen, [ankle, kneeAt, hipAt], "ink", { isKnown: hasLegs, wide: 0.03 * size });

  const spineFrom = along(hipAt, pelvis ?? 0, scale(SHARE.pelvis));
  limb(pen, [hipAt, spineFrom], "pelvis", { isKnown: pelvis !== null, wide: 0.055 * size });
  const bend = lumbar ?? 0;
  const sd = now ? now.sd_deg[2] : null;
  if (lumbar !== null && sd !== null) fan(pen, spineFrom, pelvis ?? 0, bend, 1.96 * sd, scale);
  const { points, end } = arc(spineFrom, pelvis ?? (trunk ?? 0) - bend, trunk ?? (pelvis ?? 0) + bend, scale(SHARE.lumbar));
  limb(pen, points, "lumbar", { isKnown: lumbar !== null, wide: 0.045 * size });
  const upper = trunk ?? (pelvis ?? 0) + bend;
  const shoulder = along(end, upper, scale(SHARE.thorax));
  limb(pen, [end, shoulder], "trunk", { isKnown: trunk !== null, wide: 0.055 * size });
  const head = along(shoulder, upper * 0.7, scale(SHARE.head) * 1.3);
  pen.fillStyle = colour(trunk === null ? "rule" : "ink");
  pen.beginPath();
  pen.arc(head.x, head.y, scale(SHARE.head) * 0.75, 0, 2 * Math.PI);
  pen.fill();
  if (trunk === null) return words(pen, now, height);
  const hand = { x: shoulder.x, y: Math.min(shoulder.y + scale(SHARE.arm), origin.y - 0.06 * size) };
  limb(pen, [shoulder, hand], "soft", { isKnown: true, wide: 0.02 * size });
  plates(pen, hand, 0.1 * size);
  words(pen, now, height);
}

const along = (from, lean, length) => ({ x: from.x + length * Math.sin(lean * RADIANS), y: from.y - length * Math.cos(lean * RADIANS) });

// The lumbar spine turns evenly from the pelvis's inclination to the trunk's.
function arc(from, first, last, length) {
  const points = [from];
  for (let step = 0; step < ARC_STEPS; step += 1) {
    points.push(along(points.at(-1), first + ((step + 0.5) / ARC_STEPS) * (last - first), length / ARC_STEPS));
  }
  return { points, end: points.at(-1) };
}

// Where the trunk may be, 95 of 100 times, given the pelvis.
function fan(pen, from, pelvis, bend, reach, scale) {
  const edge = (lumbar) => {
    const { points, end } = arc(from, pelvis, pelvis + lumbar, scale(SHARE.lumbar));
    return [...points, along(end, pelvis + lumbar, scale(SHARE.thorax))];
  };
  pen.fillStyle = colour("lumbar");
  pen.globalAlpha = 0.35;
  pen.beginPath();
  const shoulders = [];
  for (let step = 1; step < ARC_STEPS; step += 1) shoulders.push(edge(bend + reach * ((2 * step) / ARC_STEPS - 1)).at(-1));
  const outline = [...edge(bend - reach), ...shoulders, ...edge(bend + reach).toReversed()];
  for (const point of outline) pen.lineTo(point.x, point.y);
  pen.fill();
  pen.globalAlpha = 1;
}

function limb(pen, points, name, { isKnown, wide }) {
  pen.strokeStyle = colour(name);
  pen.lineWidth = isKnown ? wide : 2;
  pen.setLineDash(isKnown ? [] : [4, 6]);
  pen.beginPath();
  for (const point of points) pen.lineTo(point.x, point.y);
  pen.stroke();
  pen.setLineDash([]);
}

function ground(pen, width, y) {
  pen.strokeStyle = colour("rule");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(0, y + 4);
  pen.lineTo(width, y + 4);
  pen.stroke();
}

function plates(pen, hand, radius) {
  pen.strokeStyle = colour("soft");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(hand.x, hand.y, radius, 0, 2 * Math.PI);
  pen.stroke();
  pen.fillStyle = colour("soft");
  pen.beginPath();
  pen.arc(hand.x, hand.y, 4, 0, 2 * Math.PI);
  pen.fill();
}

function words(pen, now, height) {
  pen.font = "14px sans-serif";
  pen.textAlign = "left";
  const names = [["pelvis", "pelvis tilt", 0], ["trunk", "trunk inclination", 1], ["lumbar", "lumbar flexion", 2]];
  names.forEach(([name, text, column], at) => {
    const angle = now ? now.angles_deg[column] : null, sd = now ? now.sd_deg[column] : null;
    pen.fillStyle = colour(name);
    pen.fillRect(4, 8 + at * 20, 10, 10);
    pen.fillStyle = colour("ink");
    const band = sd === null ? "" : ` ± ${Math.round(1.96 * sd)}°`;
    pen.fillText(`${text} ${angle === null ? "cannot tell" : `${Math.round(angle)}°${band}`}`, 20, 18 + at * 20);
  });
  pen.fillStyle = colour("soft");
  pen.fillText(now && now.phase ? now.phase : "", 4, height - 16);
}
