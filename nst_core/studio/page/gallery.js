// All that was made: look, compare two, bring back what was deleted.

import { h, button, replace, dialog } from "./dom.js";
import { picture, post, remove, thumb } from "./api.js";
import { listen, painting, state } from "./state.js";
import { comparison } from "./compare.js";
import { dropZone, fileButton } from "./picker.js";
import { failed, toast } from "./app.js";

const BADGES = { waiting: "waits", running: "painting", stopped: "stopped", interrupted: "interrupted", failed: "failed" };

export function galleryView() {
  const grid = h("ul", { class: "gallery-grid" });
  const trash = h("div", { class: "trash" });
  const bar = h("div", { class: "compare-bar", hidden: true });
  const selected = new Set();

  function draw() {
    const all = [...state.paintings].sort((a, b) => b.created - a.created);
    for (const id of selected) if (!painting(id)) selected.delete(id);
    replace(grid, all.map(card));
    if (!all.length) {
      replace(grid, h("li", { class: "empty-gallery" }, h("p", {}, "Nothing was painted yet."),
        h("a", { class: "button primary", href: "#/" }, "Paint the first picture")));
    }
    trash.hidden = !state.trash.length;
    replace(trash, h("details", {}, h("summary", {}, `Trash (${state.trash.length})`),
      h("ul", {}, state.trash.map((one) => h("li", {}, h("span", {}, one.title),
        button("Bring back", () => post(`/api/trash/${one.id}`).catch(failed), { kind: "quiet small" })))),
      button("Empty the trash", empty, { kind: "danger small" })));
    drawBar();
  }

  function card(one) {
    const label = `${one.title}${BADGES[one.state] ? `, ${BADGES[one.state]}` : ""}`;
    const has = one.has_picture || one.has_screen;
    const check = h("input", { type: "checkbox", checked: selected.has(one.id), disabled: !has,
      "aria-label": `Compare ${one.title}`, onchange: () => {
        if (check.checked) selected.add(one.id); else selected.delete(one.id);
        if (selected.size > 2) selected.delete([...selected][0]);
        draw();
      } });
    return h("li", { class: selected.has(one.id) ? "gallery-card selected" : "gallery-card" },
      h("a", { href: `#/painting/${one.id}`, "aria-label": label },
        h("img", { src: has ? picture(one, "thumb") : thumb(one.settings.content), alt: "", loading: "lazy", class: has ? "" : "faint" }),
        BADGES[one.state] && h("span", { class: `badge ${one.state}` }, BADGES[one.state])),
      h("div", { class: "card-foot" }, h("span", { class: "card-title" }, one.title),
        h("small", {}, [one.preset, one.sizes.length ? one.sizes[one.sizes.length - 1].slice().reverse().join(" × ") : ""].filter(Boolean).join(" · ")),
        h("label", { class: "check" }, check, h("span", {}, "Compare"))));
  }

  function drawBar() {
    bar.hidden = selected.size === 0;
    replace(bar, h("span", {}, selected.size === 1 ? "Choose a second one" : "Two chosen"),
      button("Compare", compare, { kind: "primary", disabled: selected.size < 2 }),
      button("Cancel", () => { selected.clear(); draw(); }, { kind: "quiet" }));
  }

  function compare() {
    const [first, second] = [...selected].map(painting);
    const pair = comparison({
      before: picture(first, "full"), after: picture(second, "full"),
      beforeLabel: first.title, afterLabel: second.title,
    });
    const [height, width] = first.sizes[first.sizes.length - 1] ?? [2, 3];
    pair.node.style.setProperty("--ratio", String(width / height));
    dialog("Compare", h("div", { class: "compare-dialog" }, pair.node,
      h("p", { class: "muted small" }, `${first.title} (${first.preset}, step ${first.step}) on the left, ${second.title} (${second.preset}, step ${second.step}) on the right`)),
    { wide: true });
  }

  function empty() {
    const box = dialog("Empty the trash?", h("div", { class: "small-form" },
      h("p", {}, "The paintings in it are gone for good."),
      h("div", { class: "row end" }, button("Keep them", () => box.close(), { kind: "quiet" }),
        button("Empty", async () => {
          box.close();
          try { await remove("/api/trash"); state.trash = []; draw(); } catch (error) { failed(error); }
        }, { kind: "danger" }))));
  }

  function dropped(ids) {
    for (const id of ids) {
      const one = state.pictures.find((item) => item.id === id);
      if (one?.has_recipe) toast(`${one.title} holds its recipe.`, { action: "Paint again with this", onaction: () => { location.hash = "#/"; setTimeout(() => document.dispatchEvent(new CustomEvent("nst-recipe", { detail: one })), 50); } });
      else if (one) toast(`${one.title} is in the studio now.`);
    }
  }

  const unlisten = listen((event) => {
    if (["painting", "deleted", "loaded"].includes(event.type)) draw();
  });
  draw();
  const node = h("div", { class: "gallery-view" },
    h("div", { class: "gallery-head" }, h("h1", {}, "Gallery"),
      fileButton("Read a recipe from a picture", dropped)), grid, trash, bar);
  dropZone(node, dropped);
  return { title: "Gallery", node, close: unlisten };
}
