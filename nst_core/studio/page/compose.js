// Choose and set: the pictures, the look, and the button that paints.

import { h, button, iconButton, icon, replace, duration, gigabytes } from "./dom.js";
import { post, screen, thumb } from "./api.js";
import { libraryPicture, listen, painting, preset, state } from "./state.js";
import { draft, setDraft, settingsOf, startDraft } from "./draft.js";
import { dropZone, fileButton, pick } from "./picker.js";
import { fieldForm } from "./fields.js";
import { editMask, REGION_COLOURS } from "./mask.js";
import { failed } from "./app.js";

const SIZES = [["256", "Sketch"], ["360", "Small"], ["512", "Medium"], ["768", "Large"], ["1024", "Huge"]];

export function composeView() {
  startDraft();
  const easel = h("section", { class: "easel", "aria-label": "Pictures" });
  const look = h("div", { class: "look" });
  const estimate = h("p", { class: "estimate", "aria-live": "polite" });
  const paintButton = button("Paint", paint, { kind: "primary big", symbol: "brush" });
  const panel = h("section", { class: "panel", "aria-label": "Settings" }, look,
    h("div", { class: "paint-bar" }, estimate, paintButton));
  let open = false;

  function change(changes, { redraw = true } = {}) {
    setDraft(changes);
    if (redraw) draw();
    measure();
  }

  function override(path, value, redraw = false) {
    const { [path]: _, ...rest } = draft.overrides;
    change({ overrides: value === undefined ? rest : { ...rest, [path]: value } }, { redraw });
  }

  function draw() {
    drawEasel();
    drawLook();
  }

  // The pictures

  function drawEasel() {
    const content = libraryPicture(draft.content);
    const origin = draft.origin && painting(draft.origin.painting);
    replace(easel,
      origin && h("p", { class: "banner" }, `Goes on from “${origin.title}” at step ${draft.origin.step}.`,
        button("Start anew", () => change({ origin: null, steps: "" }), { kind: "quiet small" })),
      contentBox(content),
      h("div", { class: "styles" },
        h("h2", {}, draft.styles.length > 1 ? "Styles" : "Style"),
        h("ul", { class: "style-row" }, draft.styles.map(styleTile), h("li", {},
          h("button", { type: "button", class: "add-tile", onclick: addStyle }, icon("plus"),
            h("span", {}, draft.styles.length ? "Add a style" : "Choose a style"))))));
  }

  function contentBox(content) {
    const box = h("figure", { class: content ? "content-box" : "content-box empty" },
      content
        ? [h("img", { src: screen(content.id), alt: `Content: ${content.title}` }),
          h("figcaption", {}, h("span", { class: "caption-title" }, content.title),
            h("span", { class: "row" },
              button("Change", chooseContent, { kind: "secondary small" }),
              draft.styles.length > 1 && button(draft.mask ? "Change the mask" : "Paint a mask", mask,
                { kind: "secondary small", symbol: "brush" }),
              draft.mask && button("No mask", () => change({ mask: null }), { kind: "quiet small" })))]
        : h("div", { class: "empty-box" }, h("p", {}, "What shall be painted?"),
          h("p", { class: "muted" }, "Drop a photograph here"),
          h("span", { class: "row" }, fileButton("Choose a file", (ids) => ids[0] && setContent(ids[0])),
            button("From the studio", chooseContent, { kind: "quiet" }))));
    dropZone(box, (ids) => { if (ids[0]) setContent(ids[0]); });
    return box;
  }

  function setContent(id) { change({ content: id, mask: null }); }

  function chooseContent() { pick("Choose the content", setContent, { onrecipe: useRecipe }); }

  function addStyle() {
    pick("Choose a style", (id) => change({ styles: [...draft.styles, { picture: id, weight: 1 }], mask: null }),
      { onrecipe: useRecipe });
  }

  function styleTile(style, index) {
    const found = libraryPicture(style.picture);
    const several = draft.styles.length > 1;
    const colour = several && draft.mask ? REGION_COLOURS[index % REGION_COLOURS.length] : null;
    const chip = h("span", { class: "chip", "aria-hidden": "true" });
    if (colour) chip.style.background = colour;
    const sum = draft.styles.reduce((total, one) => total + one.weight, 0) || 1;
    const share = h("output", {}, `${Math.round((100 * style.weight) / sum)} %`);
    const set = (event) => {
      const styles = draft.styles.map((one, n) => (n === index ? { ...one, weight: Number(event.target.value) } : one));
      change({ styles }, { redraw: false });
      const total = styles.reduce((all, one) => all + one.weight, 0) || 1;
      easel.querySelectorAll(".style-tile output").forEach((node, n) => {
        node.textContent = `${Math.round((100 * styles[n].weight) / total)} %`;
      });
    };
    const tile = h("li", { class: "style-tile" },
      h("button", {
        type: "button", class: "tile-picture", "aria-label": `Change style ${found.title}`,
        onclick: () => pick("Choose a style", (id) => change({
          styles: draft.styles.map((one, n) => (n === index ? { ...one, picture: id } : one)),
        })),
      }, h("img", { src: thumb(style.picture), alt: "" })),
      h("div", { class: "tile-text" }, colour && chip, h("span", { class: "tile-title" }, found.title),
        iconButton("close", `Remove style ${found.title}`,
          () => change({ styles: draft.styles.filter((_, n) => n !== index), mask: null }))),
      several && !draft.mask && h("label", { class: "blend" }, h("span", { class: "visually-hidden" },
        `Share of ${found.title}`),
      h("input", { type: "range", min: "0", max: "4", step: "0.1", value: String(style.weight), oninput: set }), share));
    dropZone(tile, (ids) => ids[0] && change({
      styles: draft.styles.map((one, n) => (n === index ? { ...one, picture: ids[0] } : one)),
    }));
    return tile;
  }

  function mask() {
    editMask(libraryPicture(draft.content), draft.styles.map((one) => libraryPicture(one.picture)),
      (id) => change({ mask: id }));
  }

  async function useRecipe(picture) {
    try {
      const found = await post("/api/recipe", { picture: picture.id });
      const styles = found.styles.filter(Boolean).map((id) => ({ picture: id, weight: 1 }));
      change({
        recipe: found.text, recipeFields: { ...found.preset, title: picture.title }, overrides: {}, strength: 1, size: "", steps: "",
        content: found.content ?? draft.content, styles: styles.length ? styles : draft.styles, mask: null, origin: null,
      });
    } catch (error) { failed(error); }
  }

  // The look

  const chosen = () => (draft.recipe && draft.recipeFields) || preset(draft.preset) || state.presets[0];
  const field = (path) => chosen().fields.find((one) => one.path === path);
  const valueOf = (path) => draft.overrides[path] ?? field(path)?.value;

  function drawLook() {
    const now = chosen();
    replace(look, h("h2", {}, "Look"), cards(now), h("p", { class: "about" }, firstSentence(now.description)),
      draft.recipe && now.note && h("p", { class: "muted small" }, now.note),
      strength(), sizes(now), colours(), strokes(), seed(), everything(now));
  }

  function cards(now) {
    const choose = (name) => change({ preset: name, recipe: null, overrides: kept(name), strength: 1, steps: "" });
    return h("div", { class: "cards", role: "radiogroup", "aria-label": "Preset" },
      draft.recipe && h("label", { class: "card-choice recipe-card" },
        h("input", { type: "radio", name: "preset", checked: true }),
        h("span", { class: "card-picture", "aria-hidden": "true" }, icon("brush")),
        h("span", { class: "card-name" }, "Recipe"),
        h("span", { class: "card-text" }, now.title ? `of ${now.title}` : "of the painting")),
      state.presets.map((one) => {
        const image = one.has_card
          ? h("img", { src: `/api/cards/${encodeURIComponent(one.name)}`, alt: "", loading: "lazy" })
          : h("span", { class: "card-picture", "aria-hidden": "true" }, icon("brush"));
        return h("label", { class: "card-choice", title: one.description },
          h("input", { type: "radio", name: "preset", checked: !draft.recipe && one.name === now.name,
            onchange: () => choose(one.name) }),
          image, h("span", { class: "card-name" }, one.name),
          h("span", { class: "card-text" }, summary(one)));
      }));
  }

  // What was set about the machine stays when another preset is chosen.
  function kept(name) {
    const paths = new Set((preset(name)?.fields ?? []).map((one) => one.path));
    return Object.fromEntries(Object.entries(draft.overrides)
      .filter(([path]) => path.startsWith("run.") || (["style.scale", "colours", "start.seed"].includes(path) && paths.has(path))));
  }

  const summary = (one) => {
    const steps = one.steps.reduce((total, count) => total + count, 0);
    return `${steps} steps`;
  };

  const firstSentence = (text) => (text.match(/^.*?[.](?= |$)/s)?.[0] ?? text).slice(0, 200);

  function slider(label, { value, min, max, step, text, oninput, hint }) {
    const id = `slider-${label.toLowerCase()}`;
    const output = h("output", { for: id }, text(value));
    return h("div", { class: "control" }, h("label", { for: id }, label), output,
      h("input", { id, type: "range", min: String(min), max: String(max), step: String(step), value: String(value),
        oninput: (event) => {
          output.textContent = text(Number(event.target.value));
          oninput(Number(event.target.value));
        } }),
      hint && h("p", { class: "ends", "aria-hidden": "true" }, hint.map((one) => h("span", {}, one))));
  }

  function strength() {
    const own = field("strength");
    if (own && own.kind === "number") {
      return slider("Strength", { value: valueOf("strength"), min: 0, max: 1, step: 0.05,
        text: (v) => v.toFixed(2), oninput: (v) => override("strength", v), hint: ["content", "style"] });
    }
    return slider("Strength", {
      value: Math.log2(draft.strength), min: -3, max: 3, step: 0.25,
      text: (v) => `× ${Number((2 ** v).toPrecision(2))}`,
      oninput: (v) => change({ strength: 2 ** v }, { redraw: false }), hint: ["more content", "more style"],
    });
  }

  function strokes() {
    return field("style.scale") && slider("Strokes", {
      value: Math.log2(valueOf("style.scale")), min: -1.5, max: 1.5, step: 0.25,
      text: (v) => `× ${Number((2 ** v).toPrecision(2))}`,
      oninput: (v) => override("style.scale", Number((2 ** v).toPrecision(6))), hint: ["finer", "broader"],
    });
  }

  function sizes(now) {
    const own = now.sizes[now.sizes.length - 1];
    const options = draft.size === "" || SIZES.some(([size]) => size === draft.size)
      ? SIZES : [...SIZES, [draft.size, draft.size]];
    return h("div", { class: "control" }, h("span", { id: "size-label" }, "Size"),
      h("output", {}, draft.size ? `${draft.size} px` : `${own} px`),
      h("div", { class: "segments", role: "radiogroup", "aria-labelledby": "size-label" },
        options.map(([size, name]) => h("label", { title: `longest side ${size} pixels` },
          h("input", { type: "radio", name: "size", value: size, checked: draft.size === size,
            onchange: () => change({ size }) }), h("span", {}, name))),
        draft.recipe && h("label", { title: "as in the recipe" },
          h("input", { type: "radio", name: "size", checked: draft.size === "", onchange: () => change({ size: "" }) }),
          h("span", {}, "Recipe"))));
  }

  function colours() {
    const own = field("colours");
    if (!own) return null;
    const value = valueOf("colours") || "style";
    return h("div", { class: "control" }, h("span", { id: "colours-label" }, "Colours"),
      h("div", { class: "segments", role: "radiogroup", "aria-labelledby": "colours-label" },
        own.choices.filter(Boolean).map((one) => h("label", {},
          h("input", { type: "radio", name: "colours", checked: value === one,
            onchange: () => override("colours", one === (own.value || "style") ? undefined : one) }),
          h("span", {}, one.charAt(0).toUpperCase() + one.slice(1))))));
  }

  function seed() {
    if (!field("start.seed")) return null;
    const input = h("input", { id: "seed", type: "number", min: "0", step: "1", value: String(valueOf("start.seed")),
      onchange: () => override("start.seed", Number(input.value) || 0) });
    return h("div", { class: "control inline" }, h("label", { for: "seed" }, "Seed"),
      h("span", { class: "row" }, input, iconButton("dice", "Another seed", () => {
        input.value = String(Math.floor(Math.random() * 1e6));
        override("start.seed", Number(input.value));
      })));
  }

  function everything(now) {
    const steps = h("input", { id: "steps", type: "text", inputMode: "numeric", value: draft.steps,
      placeholder: draft.origin ? String(now.steps[now.steps.length - 1]) : now.steps.join(", "),
      onchange: () => change({ steps: steps.value.trim() }, { redraw: false }) });
    const size = h("input", { id: "size-text", type: "text", value: draft.size, placeholder: now.sizes.join(", "),
      onchange: () => change({ size: size.value.trim() }) });
    const own = new Set(["strength", "style.scale", "colours", "start.seed"]);
    const box = h("details", { class: "everything", ontoggle: () => { open = box.open; } },
      h("summary", {}, "All settings"),
      h("p", { class: "muted small" }, now.description),
      h("fieldset", { class: "fields" }, h("legend", {}, "Stages"),
        h("div", { class: "field" }, h("label", { for: "steps" }, "Steps"), steps,
          h("small", {}, "One number, or one for each stage")),
        h("div", { class: "field" }, h("label", { for: "size-text" }, "Size"), size,
          h("small", {}, "Longest side in pixels; short:N, HxW, original or 50%"))),
      fieldForm(now.fields.filter((one) => !own.has(one.path)), draft.overrides,
        (path, value) => override(path, value, path === "optimiser.name")));
    box.open = open;
    return box;
  }

  // The estimate, and painting

  let timer = null;
  let asked = 0;

  function measure() {
    clearTimeout(timer);
    const missing = !draft.content ? "Choose what shall be painted." : !draft.styles.length ? "Choose a style." : "";
    paintButton.disabled = Boolean(missing);
    if (missing) { say(missing); return; }
    say(state.loading && !state.paintings.length ? `${state.loading} …` : "Measuring what it will take …", "muted");
    timer = setTimeout(async () => {
      asked += 1;
      const mine = asked;
      try {
        const answer = await post("/api/estimate", settingsOf(draft));
        if (mine === asked) tell(answer);
      } catch (error) {
        if (mine === asked) say(error.message, "error");
      }
    }, 700);
  }

  function say(text, kind = "") {
    estimate.className = `estimate ${kind}`;
    replace(estimate, text);
  }

  function tell(answer) {
    if (answer.error === "asked again") return;
    if (answer.error) { say(answer.error, "error"); return; }
    const time = answer.seconds ? `about ${duration(answer.seconds)}` : "";
    const memory = answer.memory_mb ? `${gigabytes(answer.memory_mb)} of memory` : "";
    if (answer.busy) { say(time ? `${time}, after the painting that runs` : "Waits for the painting that runs.", "muted"); return; }
    if (!answer.fits) {
      say(`This may not fit: it takes ${memory}, and ${gigabytes(answer.available_mb)} are free. Try a smaller size.`, "warning");
      return;
    }
    say([time, memory].filter(Boolean).join(" · ") || "Ready.", "");
  }

  async function paint() {
    paintButton.disabled = true;
    try {
      const made = await post("/api/paintings", settingsOf(draft));
      setDraft({ origin: null, steps: draft.origin ? "" : draft.steps });
      if (!painting(made.id)) state.paintings.push(made);
      location.hash = `#/painting/${made.id}`;
    } catch (error) {
      say(error.message, "error");
      paintButton.disabled = false;
    }
  }

  const unlisten = listen((event) => {
    if (event.type === "loading" && estimate.classList.contains("muted")) say(`${event.text} …`, "muted");
    if (event.type === "painting" && event.painting.state !== "running" && event.painting.state !== "waiting") measure();
  });
  const recipe = (event) => useRecipe(event.detail);
  document.addEventListener("nst-recipe", recipe);
  draw();
  measure();
  return {
    title: "Paint",
    node: h("div", { class: "two-columns" }, h("h1", { class: "visually-hidden" }, "Paint a picture"), easel, panel),
    close: () => { unlisten(); clearTimeout(timer); document.removeEventListener("nst-recipe", recipe); },
  };
}
