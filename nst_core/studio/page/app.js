// The frame of the page: navigation, messages, and which view is shown.

import { h, replace, button } from "./dom.js";
import { begin, listen, load, painting, state } from "./state.js";
import { composeView } from "./compose.js";
import { watchView } from "./watch.js";
import { galleryView } from "./gallery.js";

const main = document.getElementById("main");
let leave = () => {};
let shown = "";

function route() {
  const [, name = "", id = ""] = location.hash.split("/");
  if (state.live) return { view: "watch", id: state.paintings[0]?.id };
  if (name === "painting" && painting(id)) return { view: "watch", id };
  if (name === "gallery") return { view: "gallery" };
  return { view: "paint" };
}

function show() {
  if (!state.ready) return;
  const { view, id } = route();
  const key = `${view}/${id ?? ""}`;
  if (key === shown) return;
  const first = shown === "";
  shown = key;
  leave();
  main.className = view;
  const build = { paint: composeView, gallery: galleryView, watch: watchView }[view];
  const { node, close, title } = build(id);
  leave = close;
  replace(main, node);
  document.title = `${title} · nst studio`;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
  if (!first) main.focus({ preventScroll: true }); // a screen reader goes on in the new view
}

export function announce(text) {
  document.getElementById("announce").textContent = text;
}

export function toast(text, { action, onaction, error = false } = {}) {
  const box = h("div", { class: error ? "toast toast-error" : "toast" }, h("span", {}, text),
    action && button(action, () => { box.remove(); onaction(); }, { kind: "quiet" }));
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), action ? 12000 : 6000);
}

export const failed = (error) => toast(error.message, { error: true });

function showNow() {
  const now = document.getElementById("now");
  const running = state.paintings.find((one) => one.state === "running");
  now.hidden = !running || state.live;
  if (!running) return;
  now.href = `#/painting/${running.id}`;
  const share = running.steps ? Math.floor((100 * running.step) / running.steps) : 0;
  now.title = state.queue.length ? `${state.queue.length} more wait` : "Show what is being painted";
  now.textContent = running.phase || `Painting ${share} %`;
}

listen((event) => {
  if (event.type === "loaded") { document.getElementById("nav").hidden = state.live; show(); }
  if (event.type === "offline") {
    const offline = document.getElementById("offline");
    offline.hidden = false;
    offline.textContent = state.live
      ? "The run has ended, or its terminal was closed. This is the last picture."
      : "The studio does not answer. Paintings are safe; start nst studio again and open the address it prints.";
  }
  if (event.type === "online") document.getElementById("offline").hidden = true;
  if (event.type === "painting") {
    const { state: now, title, note } = event.painting;
    const words = { done: "is done", stopped: "has stopped", failed: "has failed", interrupted: "was interrupted" };
    if (words[now]) announce(`${title} ${words[now]}. ${note}`);
  }
  if (event.type === "deleted" && route().view !== "watch" && shown.startsWith("watch")) show();
  showNow();
});

window.addEventListener("hashchange", show);
begin();
load().then(showNow, failed);
