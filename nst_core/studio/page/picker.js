// The pictures to paint from: choose one, drop one, or upload one.

import { h, icon, iconButton, button, dialog, replace } from "./dom.js";
import { remove, thumb, upload } from "./api.js";
import { addPicture, listen, removePicture, state } from "./state.js";
import { failed, toast } from "./app.js";

export async function take(files, kind = "upload") {
  const taken = [];
  for (const file of files) {
    try {
      const picture = await upload(file, kind);
      addPicture(picture);
      for (const note of picture.notes) toast(note);
      taken.push(picture.id);
    } catch (error) { failed(error); }
  }
  return taken;
}

export function dropZone(node, ondrop) {
  let depth = 0;
  const over = (value) => node.classList.toggle("drop-over", value);
  node.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; over(true); });
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) { depth = 0; over(false); } });
  node.addEventListener("drop", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    over(false);
    const files = [...event.dataTransfer.files];
    if (files.length) ondrop(await take(files));
  });
}

export function fileButton(label, ontaken, { multiple = false, kind = "upload" } = {}) {
  const input = h("input", {
    type: "file", accept: "image/*,.heic,.heif,.avif,.jxl,.tif,.tiff", multiple, class: "visually-hidden",
    tabIndex: -1, "aria-label": label,
    onchange: async () => {
      const files = [...input.files];
      input.value = "";
      ontaken(await take(files, kind));
    },
  });
  return h("span", { class: "file-button" }, input,
    button(label, () => input.click(), { symbol: "plus", kind: "secondary" }));
}

export function pick(title, onpick, { onrecipe } = {}) {
  const grid = h("div", { class: "pick-grid", role: "list" });
  const done = (id) => { box.close(); onpick(id); };
  const draw = () => replace(grid, state.pictures
    .filter((one) => one.kind !== "mask")
    .sort((a, b) => (a.kind === b.kind ? b.created - a.created : a.kind === "upload" ? -1 : 1))
    .map((one) => h("div", { class: "pick", role: "listitem" },
      h("button", { type: "button", class: "pick-main", onclick: () => done(one.id) },
        h("img", { src: thumb(one.id), alt: "", loading: "lazy" }),
        h("span", {}, one.title), h("small", {}, `${one.width} × ${one.height}`)),
      one.has_recipe && onrecipe && button("Its recipe", () => { box.close(); onrecipe(one); },
        { kind: "quiet small" }),
      one.kind === "upload" && iconButton("trash", `Remove ${one.title}`, async () => {
        try { await remove(`/api/pictures/${one.id}`); removePicture(one.id); } catch (error) { failed(error); }
      }))));
  const body = h("div", { class: "picker" },
    h("div", { class: "picker-drop" }, icon("plus"), h("p", {}, "Drop a picture here, or "),
      fileButton("Choose a file", (ids) => { if (ids.length) done(ids[0]); })),
    grid);
  const box = dialog(title, body, { wide: true, onclose: listen((e) => { if (e.type === "pictures") draw(); }) });
  dropZone(body, (ids) => { if (ids.length) done(ids[0]); });
  draw();
}
