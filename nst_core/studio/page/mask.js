// A mask painted over the content: each region gets a style. Regions are flat, without soft edges.

import { h, button, iconButton, dialog } from "./dom.js";
import { screen, upload } from "./api.js";
import { addPicture } from "./state.js";
import { fileButton } from "./picker.js";
import { failed } from "./app.js";

export const REGION_COLOURS = ["#2f6fde", "#e0592a", "#2f9e63", "#b445b8", "#d6a419", "#1f9aa8", "#8b5a3c", "#68727d"];

export function editMask(content, styles, onmask) {
  const scale = Math.min(1, 1024 / Math.max(content.width, content.height));
  const width = Math.max(1, Math.round(content.width * scale));
  const height = Math.max(1, Math.round(content.height * scale));
  let labels = new Uint8Array(width * height);
  const undo = [];
  let region = Math.min(1, styles.length - 1);
  let radius = Math.round(Math.max(width, height) / 16);
  const canvas = h("canvas", { width, height, class: "mask-canvas", "aria-label": "Mask over the content", role: "img" });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);

  const rgb = REGION_COLOURS.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

  function draw(from = 0, to = labels.length) {
    for (let n = from; n < to; n += 1) {
      const [r, g, b] = rgb[labels[n] % rgb.length];
      pixels.data.set([r, g, b, 130], 4 * n);
    }
    context.putImageData(pixels, 0, 0);
  }

  function dot(cx, cy) {
    const [top, bottom] = [Math.max(0, Math.floor(cy - radius)), Math.min(height - 1, Math.ceil(cy + radius))];
    for (let y = top; y <= bottom; y += 1) {
      const half = Math.sqrt(Math.max(0, radius * radius - (y - cy) ** 2));
      const [left, right] = [Math.max(0, Math.ceil(cx - half)), Math.min(width - 1, Math.floor(cx + half))];
      if (right >= left) labels.fill(region, y * width + left, y * width + right + 1);
    }
    return [top * width, (bottom + 1) * width];
  }

  function stroke(x0, y0, x1, y1) {
    const count = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / Math.max(1, radius / 3)));
    let [from, to] = [labels.length, 0];
    for (let n = 0; n <= count; n += 1) {
      const [a, b] = dot(x0 + ((x1 - x0) * n) / count, y0 + ((y1 - y0) * n) / count);
      from = Math.min(from, a);
      to = Math.max(to, b);
    }
    draw(from, to);
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
  };
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    undo.push(labels.slice());
    if (undo.length > 20) undo.shift();
    last = at(event);
    stroke(...last, ...last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = at(event);
    stroke(...last, ...now);
    last = now;
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });

  const regions = h("div", { class: "segments regions", role: "radiogroup", "aria-label": "Paint with" },
    styles.map((style, n) => {
      const chip = h("span", { class: "chip" });
      chip.style.background = REGION_COLOURS[n % REGION_COLOURS.length];
      return h("label", {}, h("input", { type: "radio", name: "region", checked: n === region,
        onchange: () => { region = n; } }), h("span", {}, chip, style.title));
    }));
  const brush = h("input", { type: "range", min: "3", max: String(Math.round(Math.max(width, height) / 5)),
    value: String(radius), oninput: () => { radius = Number(brush.value); } });

  async function use() {
    const out = h("canvas", { width, height });
    const flat = new ImageData(width, height);
    for (let n = 0; n < labels.length; n += 1) {
      const level = Math.round((255 * labels[n]) / (styles.length - 1));
      flat.data.set([level, level, level, 255], 4 * n);
    }
    out.getContext("2d").putImageData(flat, 0, 0);
    const blob = await new Promise((done) => { out.toBlob(done, "image/png"); });
    try {
      const picture = await upload(blob, "mask", "Mask.png");
      addPicture(picture);
      box.close();
      onmask(picture.id);
    } catch (error) { failed(error); }
  }

  const box = dialog("Which style goes where", h("div", { class: "mask-editor" },
    h("div", { class: "mask-tools" }, regions,
      h("label", { class: "brush-size" }, "Brush", brush),
      iconButton("undo", "Undo the last stroke", () => {
        if (undo.length) { labels = undo.pop(); draw(); }
      }),
      button("Fill", () => { undo.push(labels.slice()); labels.fill(region); draw(); }, { kind: "quiet" })),
    h("div", { class: "mask-stage" }, h("img", { src: screen(content.id), alt: content.title }), canvas),
    h("div", { class: "row end" },
      fileButton("Take a mask from a file", (ids) => { if (ids[0]) { box.close(); onmask(ids[0]); } }, { kind: "mask" }),
      button("Use this mask", use, { kind: "primary" }))), { wide: true });
  draw();
}
