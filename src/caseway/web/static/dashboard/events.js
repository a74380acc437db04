// Events: the chosen row is marked, the panel takes the focus, and filters act when they are chosen.
(() => {
  document.addEventListener("htmx:afterSettle", (event) => {
    const panel = document.querySelector("#beside [data-event]");
    if (!panel || !event.target.closest?.("#beside")) return;
    for (const row of document.querySelectorAll(".ev tr.sel")) row.classList.remove("sel");
    document.getElementById(`e-${panel.dataset.event}`)?.classList.add("sel");
    panel.querySelector("h2")?.focus();
  });
  document.addEventListener("change", (event) => {
    event.target.closest?.("[data-submit-on-change]")?.requestSubmit();
  });
})();
