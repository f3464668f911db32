// How large text must be to be read from where the lifter stands (ISO 9241-3 asks for 16 minutes of arc, 20 is good).
import { element, store, stored } from "./dom.js";

const ARC = Math.tan((20 / 60) * Math.PI / 180);
// Height of a capital in this typeface, as a share of the font's size.
const CAPITAL = 0.73;

// CSS pixels are 0.26 mm by definition, and 0.19 mm on a tablet or phone in the hand: a touch screen is taken for one.
const guessedWidthCm = () => Math.round(screen.width * (matchMedia("(pointer: coarse)").matches ? 0.019 : 0.024) * 2) / 2;

export const distanceM = () => Number(stored("distance", "3")) || 3;
const pixelsPerMetre = () => (100 * screen.width) / (Number(stored("width", "")) || guessedWidthCm() || 30);

export const farPixels = () => (distanceM() * ARC / CAPITAL) * pixelsPerMetre();

export function readableAt() {
  const size = parseFloat(getComputedStyle(element("word")).fontSize);
  return (size * CAPITAL) / pixelsPerMetre() / ARC;
}

export function setDistance(changed) {
  element("distance").value = distanceM();
  element("width").value = Number(stored("width", "")) || guessedWidthCm();
  for (const name of ["distance", "width"]) {
    element(name).onchange = (event) => { if (event.target.checkValidity()) { store(name, event.target.value); changed(); } };
  }
}
