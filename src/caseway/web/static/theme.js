// Before the first paint: the theme that the page was drawn for, else the one that was chosen in
// this browser, else the system's.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const KEY = "caseway-theme";
  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be switched off
    }
  };
  const keep = (theme) => {
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // then it holds for this page
    }
  };
  const apply = (theme) => {
    const system = dark.matches ? "dark" : "light";
    root.dataset.bsTheme = theme === "light" || theme === "dark" ? theme : system;
    document.dispatchEvent(new CustomEvent("caseway-theme"));
  };
  let chosen = root.dataset.theme ?? kept() ?? "system";
  if (root.dataset.theme) keep(chosen);
  apply(chosen);
  dark.addEventListener("change", () => apply(chosen));
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.addEventListener("click", () => {
        chosen = root.dataset.bsTheme === "dark" ? "light" : "dark";
        keep(chosen);
        apply(chosen);
        const told = button.dataset.themeSwitch; // where a signed-in person's choice is kept
        if (told) fetch(told, { method: "POST", body: new URLSearchParams({ theme: chosen }) });
      });
    }
  });
})();
