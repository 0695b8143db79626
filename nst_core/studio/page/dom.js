// Small helpers to build the page. Text is always text, never HTML.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

export function replace(node, ...children) {
  node.replaceChildren();
  append(node, children);
}

const SVG = "http://www.w3.org/2000/svg";

export function s(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  append(node, children);
  return node;
}

const ICONS = {
  stop: "M6 6h12v12H6z",
  play: "M7 4.5v15l12-7.5z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6 10.6 12 5 6.4z",
  up: "M12 7l7 7-1.4 1.4L12 9.8l-5.6 5.6L5 14z",
  down: "M12 17l-7-7 1.4-1.4L12 14.2l5.6-5.6L19 10z",
  undo: "M8 4v3h6a6 6 0 0 1 0 12H8v-2h6a4 4 0 0 0 0-8H8v3L3 8z",
  brush: "M20 3l1 1-9 11-3-3zM8 13l3 3c0 3-2 5-8 5 2-1 2-2 2-4s1-3 3-4z",
  trash: "M9 3h6l1 2h4v2H4V5h4zM6 8h12l-1 13H7z",
  save: "M11 3h2v9l3-3 1.4 1.4L12 16l-5.4-5.6L8 9l3 3zM4 18h16v2H4z",
  zoom: "M10 4a6 6 0 0 1 4.7 9.7l5 5-1.4 1.4-5-5A6 6 0 1 1 10 4zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  split: "M11 3h2v18h-2zM4 6h5v12H4zm11 0h5v12h-5z",
  dice: "M5 4h14l1 1v14l-1 1H5l-1-1V5zm3.500 3a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zm7 0a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zM12 10.500a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zm-3.500 3.500a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zm7 0a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3z",
  sliders: "M4 7h9v2H4zm13 0h3v2h-3zM14 5h2v6h-2zM4 15h3v2H4zm7 0h9v2h-9zM8 13h2v6H8z",
};

export function icon(name) {
  return s("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
    s("path", { d: ICONS[name] }));
}

export function button(label, onclick, { kind = "", symbol, ...more } = {}) {
  return h("button", { type: "button", class: kind, onclick, ...more },
    symbol && icon(symbol), h("span", {}, label));
}

export function iconButton(symbol, label, onclick, more = {}) {
  return h("button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more },
    icon(symbol));
}

export function dialog(title, body, { wide = false, onclose } = {}) {
  const id = `d${Math.random().toString(36).slice(2)}`;
  const box = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id },
    h("div", { class: "dialog-head" },
      h("h2", { id }, title),
      iconButton("close", "Close", () => box.close())),
    h("div", { class: "dialog-body" }, body));
  box.addEventListener("close", () => { box.remove(); onclose?.(); });
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  document.body.append(box);
  box.showModal();
  return box;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export const gigabytes = (mb) => `${(mb / 1000).toFixed(1)} GB`;
