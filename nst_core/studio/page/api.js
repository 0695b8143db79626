// Questions to the studio. An answer that is an error becomes an Error with its one line.

export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      body: body === undefined ? undefined : body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch {
    throw new Error("The studio does not answer. Is it still running?");
  }
  if (answer.ok) return answer.json();
  let line = await answer.text();
  try { line = JSON.parse(line).error; } catch { /* plain text */ }
  throw new Error(line.trim() || `Error ${answer.status}`);
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

export function upload(file, kind = "upload", name = file.name) {
  const query = new URLSearchParams({ kind, name: name || "Picture" });
  return ask("POST", `/api/pictures?${query}`, file);
}

export const thumb = (id) => `/api/pictures/${id}/thumb`;
export const screen = (id) => `/api/pictures/${id}/screen`;
export const picture = (painting, file) =>
  `/api/paintings/${painting.id}/picture/${file}?v=${painting.picture}-${painting.step}`;
export const snapshot = (painting, step) => `/api/paintings/${painting.id}/snapshot/${step}`;
