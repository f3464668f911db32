// Small things that every part needs: elements, text, what is remembered in this browser, a canvas ready to draw on.

export const element = (id) => document.getElementById(id);

export function setText(id, text) {
  const node = element(id);
  if (node.textContent !== text) node.textContent = text;
}

export function stored(name, otherwise) {
  try { return localStorage.getItem(`imu_hinge.${name}`) ?? otherwise; } catch { return otherwise; }
}

export function store(name, value) {
  try { localStorage.setItem(`imu_hinge.${name}`, value); } catch { /* a private window forgets */ }
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Return a cleared canvas's context, its size in CSS pixels, and the ratio kept.
export function canvas(node) {
  const ratio = window.devicePixelRatio || 1;
  const width = node.clientWidth, height = node.clientHeight;
  if (node.width !== Math.round(width * ratio) || node.height !== Math.round(height * ratio)) {
    node.width = Math.round(width * ratio);
    node.height = Math.round(height * ratio);
  }
  const pen = node.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

export function svg(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// One colour per verdict, and one shape: a ring, a triangle, a square, a cross, as in the report.
export const VERDICT_COLOURS = { hip_hinge: "hinge", lumbar_flexion: "flexion", squat: "squat", undecided: "undecided" };

export function drawShape(pen, verdict, x, y, radius) {
  pen.save();
  pen.fillStyle = pen.strokeStyle = colour(VERDICT_COLOURS[verdict]);
  pen.lineWidth = Math.max(2, radius / 3);
  pen.beginPath();
  if (verdict === "hip_hinge") pen.arc(x, y, radius, 0, 2 * Math.PI);
  else if (verdict === "lumbar_flexion") { pen.moveTo(x, y - radius); pen.lineTo(x + radius, y + radius); pen.lineTo(x - radius, y + radius); pen.closePath(); }
  else if (verdict === "squat") pen.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  else { pen.moveTo(x - radius, y - radius); pen.lineTo(x + radius, y + radius); pen.moveTo(x + radius, y - radius); pen.lineTo(x - radius, y + radius); }
  if (verdict === "undecided") pen.stroke(); else pen.fill();
  pen.restore();
}

export const rounded = (value) => (value === null || value === undefined ? "?" : String(Math.round(value)));
