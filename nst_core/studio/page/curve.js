// The losses over the steps, on a logarithmic scale: what counts is by which factor they fall.

import { h, s, replace } from "./dom.js";

const WIDTH = 600;
const HEIGHT = 150;
const LINES = [
  { key: 2, name: "content", className: "line-content" },
  { key: 3, name: "style", className: "line-style" },
];

export function curve() {
  const svg = s("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "curve",
    role: "img", "aria-label": "Losses over the steps",
  });
  const legend = h("p", { class: "legend" });
  const node = h("figure", { class: "curve-box" }, svg, h("figcaption", {}, legend));

  function draw(points, steps, ends) {
    if (points.length < 2) {
      replace(svg);
      replace(legend, h("span", { class: "muted" }, "The losses appear here as it is painted."));
      return;
    }
    const values = points.flatMap((p) => LINES.map(({ key }) => p[key])).filter((v) => v > 0);
    const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
    const x = (step) => (WIDTH * step) / Math.max(steps, 1);
    const y = (value) => HEIGHT - 6
      - ((Math.log(Math.max(value, Math.exp(low))) - low) / (high - low || 1)) * (HEIGHT - 12);
    const marks = ends.map((end) => s("line", { x1: x(end), x2: x(end), y1: 0, y2: HEIGHT, class: "stage-end" }));
    const lines = LINES.map(({ key, className }) => s("polyline", {
      class: className, "vector-effect": "non-scaling-stroke",
      points: points.map((p) => `${x(p[0]).toFixed(1)},${y(p[key]).toFixed(1)}`).join(" "),
    }));
    replace(svg, marks, lines);
    const last = points[points.length - 1];
    replace(legend, LINES.map(({ key, name, className }) => h("span", { class: className },
      `${name} ${Number(last[key]).toPrecision(3)}`)));
    svg.setAttribute("aria-label", `Losses over ${last[0]} steps: ${LINES.map(({ key, name }) =>
      `${name} from ${Number(points[0][key]).toPrecision(2)} to ${Number(last[key]).toPrecision(2)}`).join(", ")}`);
  }
  return { node, draw };
}
