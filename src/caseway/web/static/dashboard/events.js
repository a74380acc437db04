// Events: the chosen row is marked, the panel takes the focus, and filters act when they are chosen.
(() => {
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!event.target.closest?.("#beside")) return;
    const panel = document.querySelector("#beside [data-event]");
    const opener = document.querySelector(".ev tr.sel");
    opener?.classList.remove("sel");
    if (panel) {
      document.getElementById(`e-${panel.dataset.event}`)?.classList.add("sel");
      panel.querySelector("h2")?.focus();
    } else opener?.querySelector("a.k")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.target === document.body || event.target.closest?.("#beside, .ev")) document.querySelector("#beside [data-shut]")?.click();
  });
  document.addEventListener("change", (event) => {
    event.target.closest?.("[data-submit-on-change]")?.requestSubmit();
  });
})();
