// Light, dark, or as the system. It runs before the page is drawn, so that nothing flashes.
(() => {
  const NAMES = { auto: "as the system", light: "light", dark: "dark" };
  const read = () => {
    try { return localStorage.getItem("nst-theme") || "auto"; } catch { return "auto"; }
  };
  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) {
      button.setAttribute("aria-label", `Colours: ${NAMES[theme]}`);
      button.title = `Colours: ${NAMES[theme]}`;
      button.textContent = { auto: "◐", light: "☀", dark: "☾" }[theme];
    }
  };
  apply(read());
  document.addEventListener("DOMContentLoaded", () => {
    apply(read());
    document.getElementById("theme")?.addEventListener("click", () => {
      const order = ["auto", "light", "dark"];
      const next = order[(order.indexOf(read()) + 1) % 3];
      try { localStorage.setItem("nst-theme", next); } catch { /* private window */ }
      apply(next);
    });
  });
})();
