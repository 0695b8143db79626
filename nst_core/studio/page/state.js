// What the studio has, kept up to date by its events. Views listen.

import { get } from "./api.js";

export const state = {
  ready: false, live: false, presets: [], pictures: [], paintings: [], queue: [], trash: [],
  loading: "", defaultPreset: "",
};

const listeners = new Set();

export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tell(event) {
  for (const listener of [...listeners]) listener(event);
}

export const painting = (id) => state.paintings.find((one) => one.id === id);
export const libraryPicture = (id) => state.pictures.find((one) => one.id === id);
export const preset = (name) => state.presets.find((one) => one.name === name);

export async function load() {
  const answer = await get("/api/state");
  Object.assign(state, answer, { ready: true, defaultPreset: answer.default_preset });
  tell({ type: "loaded" });
}

function put(list, item) {
  const index = list.findIndex((one) => one.id === item.id);
  if (index < 0) list.push(item);
  else list[index] = { ...list[index], ...item };
}

export function addPicture(item) {
  put(state.pictures, item);
  tell({ type: "pictures" });
}

export function removePicture(id) {
  state.pictures = state.pictures.filter((one) => one.id !== id);
  tell({ type: "pictures" });
}

function apply(event) {
  const found = event.id ? painting(event.id) : null;
  switch (event.type) {
    case "painting":
      put(state.paintings, event.painting);
      state.trash = state.trash.filter((one) => one.id !== event.painting.id);
      break;
    case "deleted":
      if (found) state.trash.push({ id: found.id, title: found.title });
      state.paintings = state.paintings.filter((one) => one.id !== event.id);
      break;
    case "queue": state.queue = event.queue; break;
    case "phase": if (found) found.phase = event.text; break;
    case "loading": state.loading = event.text; break;
    case "step":
      if (found) {
        Object.assign(found, {
          phase: "", step: event.global_step, stage: event.stage, seconds: event.seconds,
          left: event.left, stage_step: event.step,
        });
      }
      break;
    case "picture": if (found) found.has_screen = true; break;
  }
}

// A browser allows six connections to a server, and a stream is one of them: only a tab that is
// seen has a stream. When it is seen again, it asks for everything.
let source = null;

function connect() {
  if (source) return;
  source = new EventSource("/api/events");
  source.onopen = () => { load().then(() => tell({ type: "online" }), () => {}); };
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.type === "reload") { load().catch(() => {}); return; }
    apply(event);
    tell(event);
  };
  source.onerror = () => {
    tell({ type: "offline" });
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(connect, 2000);
    }
  };
}

export function begin() {
  connect();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = null; }
    else connect();
  });
}
