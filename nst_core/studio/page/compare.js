// Two pictures on top of each other, and a line between them that can be moved.

import { h } from "./dom.js";

export function comparison({ before, after, beforeLabel = "Before", afterLabel = "After", at = 50 }) {
  const beforeImage = h("img", { src: before, alt: beforeLabel, class: "compare-before", draggable: "false" });
  const afterImage = h("img", { src: after, alt: afterLabel, class: "compare-after", draggable: "false" });
  const range = h("input", {
    type: "range", min: "0", max: "100", value: String(at), step: "0.5",
    "aria-label": `Line between ${beforeLabel} and ${afterLabel}`,
  });
  const line = h("span", { class: "compare-line", "aria-hidden": "true" });
  const node = h("div", { class: "compare" }, afterImage, beforeImage, line,
    h("span", { class: "compare-tag left", "aria-hidden": "true" }, beforeLabel),
    h("span", { class: "compare-tag right", "aria-hidden": "true" }, afterLabel), range);
  const move = () => {
    beforeImage.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`;
    line.style.left = `clamp(18px, ${range.value}%, calc(100% - 18px))`;
    line.classList.toggle("at-edge", range.value < 2 || range.value > 98);
  };
  range.addEventListener("input", move);
  move();
  return { node, afterImage, beforeImage };
}
