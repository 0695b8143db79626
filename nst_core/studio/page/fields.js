// The form of everything else, made of the fields that the studio describes.

import { h } from "./dom.js";

const GROUPS = {
  "": "Picture", content: "Content loss", style: "Style loss", total_variation: "Smoothness", network: "Network",
  optimiser: "Optimiser", schedule: "Learning rate", start: "Start", run: "Computing and file",
};

export const words = (path) => {
  const name = path.split(".").pop().replaceAll("_", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
};

export function fieldForm(fields, overrides, onchange) {
  const groups = new Map();
  for (const field of fields) {
    const name = field.path.includes(".") ? field.path.split(".")[0] : "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(field);
  }
  return [...groups].map(([name, members]) => h("fieldset", { class: "fields" },
    h("legend", {}, GROUPS[name] ?? words(name)),
    members.map((field) => row(field, overrides, onchange))));
}

function row(field, overrides, onchange) {
  const id = `field-${field.path.replaceAll(".", "-")}`;
  const given = field.path in overrides;
  const value = given ? overrides[field.path] : field.value;
  const set = (next) => onchange(field.path, next === field.value ? undefined : next);
  const help = field.help ? `${id}-help` : undefined;
  const control = input(field, id, value, set, help);
  return h("div", { class: given ? "field changed" : "field" },
    h("label", { for: id }, words(field.path)), control,
    field.help && h("small", { id: help }, field.help));
}

function input(field, id, value, set, help) {
  const common = { id, "aria-describedby": help };
  if (field.kind === "choice") {
    return h("select", { ...common, onchange: (e) => set(e.target.value) },
      field.choices.map((one) => h("option", { value: one, selected: String(value) === one }, one || "as nst decides")));
  }
  if (field.kind === "flag") {
    return h("input", { ...common, type: "checkbox", checked: Boolean(value), onchange: (e) => set(e.target.checked) });
  }
  if (field.kind === "number" || field.kind === "integer") {
    return h("input", {
      ...common, type: "number", step: field.kind === "integer" ? "1" : "any", value: String(value),
      onchange: (e) => set(e.target.value === "" ? undefined : Number(e.target.value)),
    });
  }
  return h("input", { ...common, type: "text", value: String(value), onchange: (e) => set(e.target.value) });
}
