// Before the first paint: the theme that was chosen here, else the system's.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("caseway-theme");
    } catch {
      return null; // storage may be switched off
    }
  };
  const apply = () => {
    document.documentElement.dataset.bsTheme = stored() ?? (dark.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("caseway-theme"));
  };
  dark.addEventListener("change", apply);
  apply();
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.addEventListener("click", () => {
        const now = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
        try {
          localStorage.setItem("caseway-theme", now);
        } catch {
          document.documentElement.dataset.bsTheme = now;
          document.dispatchEvent(new CustomEvent("caseway-theme"));
          return;
        }
        apply();
      });
    }
  });
})();
