// One painting: watch it grow, steer it, keep it.

import { h, button, iconButton, icon, replace, dialog, duration } from "./dom.js";
import { get, picture, post, remove, screen, snapshot, thumb } from "./api.js";
import { libraryPicture, listen, painting, state } from "./state.js";
import { comparison } from "./compare.js";
import { curve } from "./curve.js";
import { draftOf } from "./draft.js";
import { words } from "./fields.js";
import { failed, toast } from "./app.js";

const STATES = {
  waiting: "Waits in the queue", running: "Painting", stopped: "Stopped", interrupted: "Interrupted",
  failed: "Failed", done: "Done",
};

export function watchView(id) {
  const stage = h("div", { class: "stage" });
  const bar = h("div", { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" });
  const fill = h("span", { class: "progress-fill" });
  const line = h("p", { class: "progress-text", "aria-live": "off" });
  const note = h("div", { class: "notes" });
  const chart = curve();
  const strip = h("div", { class: "strip" });
  const actions = h("section", { class: "actions", "aria-label": "Steer and keep" });
  const details = h("dl", { class: "details" });
  const queue = h("div", { class: "queue" });
  const heading = h("h1", {}, "");
  let points = [];
  let view = null;
  let compares = true;
  let closed = false;
  let loading = false;

  const now = () => painting(id) ?? { state: "deleted", settings: { styles: [] }, sizes: [], stage_steps: [], snapshots: [], warnings: [] };

  // The picture

  function drawStage() {
    const one = now();
    const before = state.live ? null : one.settings.origin ? picture(one, "start")
      : libraryPicture(one.settings.content) && screen(one.settings.content);
    const has = one.has_screen || one.has_picture;
    const size = one.sizes[one.sizes.length - 1];
    if (!has) {
      view = null;
      replace(stage, h("div", { class: "stage-wait" }, before && h("img", { src: before, alt: "The content", class: "faint" }),
        h("p", { class: "wait-text" }, waiting(one))));
    } else {
      const url = picture(one, "screen");
      if (compares && before) {
        view = comparison({ before, after: url, afterLabel: "Painting", beforeLabel: one.settings.origin ? "From here" : "Content", at: 0 });
        replace(stage, view.node);
      } else {
        const image = h("img", { src: url, alt: one.title, class: "plain" });
        view = { afterImage: image };
        replace(stage, image);
      }
      stage.append(h("div", { class: "stage-tools" },
        before && iconButton("split", "Compare with the content", () => { compares = !compares; drawStage(); }, { "aria-pressed": String(compares) }),
        iconButton("zoom", "Full size", full)));
    }
    if (size) stage.style.setProperty("--ratio", `${size[1] / size[0]}`);
    else {
      const content = libraryPicture(one.settings.content);
      if (content) stage.style.setProperty("--ratio", `${content.width / content.height}`);
    }
  }

  function waiting(one) {
    if (one.state === "waiting") return "It waits for its turn.";
    if (one.state === "running") return one.phase ? `${one.phase} …` : "The first picture comes in a moment …";
    return one.note || "There is no picture yet.";
  }

  // A new picture is shown when it has arrived, so that nothing flickers.
  function newPicture() {
    if (!view) { drawStage(); return; }
    if (loading) return;
    loading = true;
    const next = new Image();
    next.onload = () => { loading = false; if (view) view.afterImage.src = next.src; };
    next.onerror = () => { loading = false; };
    next.src = picture(now(), "screen");
  }

  async function full() {
    const one = now();
    const image = h("img", { alt: one.title, src: picture(one, "full") });
    const box = dialog(one.title, h("div", { class: "full" }, image), { wide: true });
    box.classList.add("full-size");
    if (one.state === "running" && !state.live) {
      const stop = listen((event) => {
        if (event.type === "full" && event.id === id) { image.src = picture(now(), "full"); stop(); }
      });
      box.addEventListener("close", stop);
      post(`/api/paintings/${id}/full`).catch(failed);
    }
  }

  // Progress

  function drawProgress() {
    const one = now();
    const share = one.steps ? (100 * one.step) / one.steps : 0;
    fill.style.width = `${share}%`;
    bar.setAttribute("aria-valuenow", String(Math.floor(share)));
    bar.classList.toggle("busy", one.state === "running" && !one.step);
    const parts = [STATES[one.state] ?? ""];
    if (one.state === "running" && one.phase) parts[0] = one.phase;
    if (one.steps) {
      if (one.stage_steps.length > 1 && one.stage) parts.push(`stage ${one.stage} of ${one.stage_steps.length}`);
      parts.push(`step ${one.step} of ${one.steps}`);
    }
    if (one.state === "running" && one.left) parts.push(`about ${duration(one.left)} left`);
    else if (one.seconds) parts.push(`${duration(one.seconds)} of painting`);
    line.textContent = parts.filter(Boolean).join(" · ");
    bar.setAttribute("aria-valuetext", line.textContent);
  }

  function ticks() {
    const one = now();
    let sum = 0;
    return one.stage_steps.slice(0, -1).map((steps) => { sum += steps; return sum; });
  }

  function drawTicks() {
    const one = now();
    replace(bar, fill, ticks().map((end) => {
      const tick = h("i", { class: "tick" });
      tick.style.left = `${(100 * end) / (one.steps || 1)}%`;
      return tick;
    }));
  }

  const drawCurve = () => chart.draw(points, now().steps || points.length, ticks());

  function drawNotes() {
    const one = now();
    replace(note,
      one.note && h("p", { class: one.state === "failed" ? "message error" : "message warning", role: "alert" }, one.note),
      one.warnings.map((text) => h("p", { class: "message" }, text)));
  }

  function drawStrip() {
    const one = now();
    const idle = !["running", "waiting"].includes(one.state);
    strip.hidden = state.live || !one.snapshots.length;
    replace(strip, h("h2", {}, "Snapshots"), h("ul", {}, one.snapshots.map(({ step }) => h("li", {},
      h("button", { type: "button", class: step === one.step ? "snapshot current" : "snapshot",
        "aria-label": `Snapshot of step ${step}`, disabled: !idle || step === one.step, title: idle ? "Go back to this" : "Stop first",
        onclick: () => act("undo", { step }, `Back at step ${step}`) },
      snapshotImage(one, step), h("span", {}, String(step)))))));
  }

  function snapshotImage(one, step) {
    const image = h("img", { src: snapshot(one, step), alt: "", loading: "lazy" });
    image.addEventListener("error", () => setTimeout(() => {
      if (!closed && !image.dataset.again) { image.dataset.again = "1"; image.src = `${snapshot(one, step)}?again`; }
    }, 1500), { once: true });
    return image;
  }

  // Steering and keeping

  async function act(action, body = {}, done = "") {
    try {
      const answer = await post(`/api/paintings/${id}/${action}`, body);
      Object.assign(now(), answer);
      if (done) toast(done);
      if (action === "undo") await loadCurve();
      drawAll();
    } catch (error) { failed(error); }
  }

  function moreSteps() {
    const one = now();
    const input = h("input", { id: "more", type: "number", min: "1", value: "50", required: true });
    const form = h("form", { class: "small-form", onsubmit: async (event) => {
      event.preventDefault();
      try {
        const settings = { ...one.settings, steps: String(Number(input.value)), origin: { painting: id, step: one.step } };
        const made = await post("/api/paintings", settings);
        box.close();
        if (!painting(made.id)) state.paintings.push(made);
        location.hash = `#/painting/${made.id}`;
      } catch (error) { failed(error); }
    } }, h("label", { for: "more" }, "How many more?"), input,
    h("p", { class: "muted small" }, "A new painting goes on from this picture. This one stays as it is."),
    h("button", { type: "submit", class: "primary" }, "Paint"));
    const box = dialog("More steps", form);
    input.focus();
  }

  async function changeFromHere() {
    const one = now();
    if (one.state === "running") {
      await act("stop");
      const stop = listen((event) => {
        if (event.type === "painting" && event.painting.id === id && event.painting.state !== "running") { stop(); changeFromHere(); }
      });
      return;
    }
    draftOf(one, { painting: id, step: one.step });
    location.hash = "#/";
  }

  function again() { draftOf(now()); location.hash = "#/"; }

  function askDelete() {
    const box = dialog("Delete this painting?", h("div", { class: "small-form" },
      h("p", {}, `“${now().title}” goes to the trash of the studio.`),
      h("div", { class: "row end" }, button("Keep it", () => box.close(), { kind: "quiet" }),
        button("Delete", async () => {
          box.close();
          const title = now().title;
          try {
            await remove(`/api/paintings/${id}`);
            location.hash = "#/gallery";
            toast(`“${title}” was deleted.`, { action: "Undo", onaction: () => post(`/api/trash/${id}`).catch(failed) });
          } catch (error) { failed(error); }
        }, { kind: "danger" }))));
  }

  async function showRecipe() {
    try {
      const { text } = await get(`/api/paintings/${id}/recipe`);
      dialog("Recipe", h("pre", { class: "recipe", tabIndex: 0 }, text), { wide: true });
    } catch (error) { failed(error); }
  }

  function rename() {
    const input = h("input", { id: "title", type: "text", value: now().title, maxLength: 120, required: true });
    const box = dialog("Title", h("form", { class: "small-form", onsubmit: (event) => {
      event.preventDefault();
      box.close();
      act("rename", { title: input.value });
    } }, h("label", { for: "title" }, "Title"), input, h("button", { type: "submit", class: "primary" }, "Save")));
    input.select();
  }

  function drawActions() {
    const one = now();
    const busy = one.state === "running" || one.state === "waiting";
    const kept = one.has_picture && !busy && one.state !== "interrupted";
    const download = (form, label) => h("a", { class: "button secondary", href: `/api/paintings/${id}/download/${form}`, download: "" },
      icon("save"), h("span", {}, label));
    replace(actions,
      state.live ? null : [
        h("div", { class: "main-actions" },
          busy && button(one.state === "running" ? "Stop" : "Take out of the queue", () => act("stop"), { kind: "primary", symbol: "stop" }),
          one.can_go_on && button("Go on", () => act("go-on"), { kind: "primary", symbol: "play" }),
          kept && button("More steps", moreSteps, { kind: one.can_go_on ? "secondary" : "primary", symbol: "plus" }),
          (kept || one.state === "running") && button("Change and go on from here", changeFromHere, { kind: "secondary", symbol: "sliders" })),
        kept && [h("h2", {}, "Keep"), h("div", { class: "keep-as" },
          download("png", "PNG"), download("tif", "TIFF 16"), download("jpg", "JPEG"))],
        h("div", { class: "row wrap" },
          button("Paint again with this", again, { kind: "quiet" }),
          kept && button("Recipe", showRecipe, { kind: "quiet" }),
          button("Rename", rename, { kind: "quiet" }),
          one.state !== "running" && button("Delete", askDelete, { kind: "quiet", symbol: "trash" })),
      ]);
  }

  function drawDetails() {
    const one = now();
    const size = one.sizes[one.sizes.length - 1];
    const origin = one.settings.origin && painting(one.settings.origin.painting);
    const rows = [
      ["Preset", one.preset], ["Size", size && `${size[1]} × ${size[0]}`], ["Computed by", one.made_with || one.backend],
      ["Strength", one.settings.strength !== 1 && `× ${Number(one.settings.strength.toPrecision?.(2))}`],
      ["Goes on from", origin && h("a", { href: `#/painting/${origin.id}` }, `${origin.title}, step ${one.settings.origin.step}`)],
      ...Object.entries(one.settings.overrides ?? {}).map(([path, value]) => [words(path), String(value)]),
    ];
    replace(details, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  function drawQueue() {
    queue.hidden = state.live || !state.queue.length;
    const move = (name, position) => post(`/api/paintings/${name}/move`, { position }).catch(failed);
    replace(queue, h("h2", {}, "Queue"), h("ol", {}, state.queue.map((name, index) => {
      const one = painting(name);
      return one && h("li", {}, h("img", { src: thumb(one.settings.content), alt: "" }),
        h("a", { href: `#/painting/${name}` }, one.title),
        iconButton("up", `Paint ${one.title} earlier`, () => move(name, index - 1), { disabled: index === 0 }),
        iconButton("down", `Paint ${one.title} later`, () => move(name, index + 1), { disabled: index === state.queue.length - 1 }));
    })));
  }

  function drawAll() {
    heading.textContent = now().title ?? "";
    drawStage();
    drawTicks();
    drawProgress();
    drawCurve();
    drawNotes();
    drawStrip();
    drawActions();
    drawDetails();
    drawQueue();
  }

  async function loadCurve() {
    try {
      const answer = await get(`/api/paintings/${id}`);
      points = answer.curve;
      if (!closed) drawCurve();
    } catch { /* deleted meanwhile */ }
  }

  let drawn = 0;
  function onStep(event) {
    while (points.length && points[points.length - 1][0] >= event.global_step) points.pop();
    points.push([event.global_step, event.stage, event.content, event.style, event.tv, event.total, event.seconds]);
    if (points.length > 1200) points = points.filter((_, n) => n % 2 === 0 || n === points.length - 1);
    const time = performance.now();
    if (time - drawn < 200) return;
    drawn = time;
    drawProgress();
    drawCurve();
  }

  const unlisten = listen((event) => {
    if (event.type === "queue") drawQueue();
    if (event.type === "loaded") { drawAll(); loadCurve(); }
    if (event.id !== id && event.painting?.id !== id) return;
    if (event.type === "step") onStep(event);
    else if (event.type === "picture") newPicture();
    else if (event.type === "phase") { drawProgress(); if (!view) drawStage(); }
    else if (event.type === "painting") {
      heading.textContent = now().title;
      if (event.painting.state === "running") { drawNotes(); drawStrip(); drawActions(); drawTicks(); drawProgress(); drawDetails(); }
      else { drawAll(); }
    }
  });
  drawAll();
  loadCurve();
  return {
    title: now().title ?? "Painting",
    node: h("div", { class: "two-columns" },
      h("section", { class: "easel", "aria-label": "Painting" }, heading, stage, bar, line, note, strip),
      h("section", { class: "panel", "aria-label": "What can be done" }, actions, h("h2", {}, "Losses"), chart.node, details, queue)),
    close: () => { closed = true; unlisten(); },
  };
}
