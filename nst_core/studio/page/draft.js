// What is being chosen for the next painting. It is kept in the browser until it is painted.

import { libraryPicture, preset, state } from "./state.js";

const KEY = "nst-draft";

const EMPTY = {
  content: null, styles: [], mask: null, preset: "", recipe: null, recipeFields: null, size: "360",
  steps: "", strength: 1, overrides: {}, origin: null,
};

export let draft = { ...EMPTY };

export function setDraft(changes) {
  draft = { ...draft, ...changes };
  try { sessionStorage.setItem(KEY, JSON.stringify(draft)); } catch { /* private window */ }
}

export function startDraft() {
  try { draft = { ...EMPTY, ...JSON.parse(sessionStorage.getItem(KEY) || "{}") }; } catch { /* damaged */ }
  if (!draft.recipe && !preset(draft.preset)) draft.preset = state.defaultPreset;
  if (!libraryPicture(draft.content)) draft.content = null;
  draft.styles = draft.styles.filter((one) => libraryPicture(one.picture));
  if (!libraryPicture(draft.mask)) draft.mask = null;
  const samples = state.pictures.filter((one) => one.kind === "sample");
  const find = (name) => samples.find((one) => one.title === name)?.id;
  if (!draft.content && !draft.styles.length && samples.length) {
    draft.content = find("Landscape") ?? samples[0].id;
    draft.styles = [{ picture: find("Painting") ?? samples[samples.length - 1].id, weight: 1 }];
  }
  setDraft({});
}

// Takes the settings of a painting: to paint again, or to go on from its picture.
export function draftOf(painting, origin = null) {
  const { content, styles, mask, preset: name, recipe, size, steps, strength, overrides } = painting.settings;
  draft = { ...EMPTY, content, styles, mask, preset: name, recipe, size, strength, overrides, origin,
    steps: origin ? "" : steps };
  setDraft({});
}

export function settingsOf(now) {
  const { content, styles, mask, recipe, size, steps, strength, overrides, origin } = now;
  return { content, styles, mask, preset: now.preset || state.defaultPreset, recipe, size: String(size),
    steps: String(steps), strength, overrides, origin };
}
