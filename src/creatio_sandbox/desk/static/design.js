// Keys for the drawing, and no lost place. Without it the same buttons do the same by themselves.
(() => {
  const form = document.getElementById("designer");
  if (!form) return;
  const canvas = document.getElementById("canvas");
  const panel = document.getElementById("panel");
  const kept = "designer-place";
  const apply = form.querySelector('button[value="apply"]');
  const nodes = () => [...canvas.querySelectorAll(".node, .flow")];
  const chosen = () => canvas.querySelector("[aria-current]");

  form.addEventListener("submit", (event) => {
    const by = event.submitter;
    const focus = by && by !== apply ? by : document.activeElement;
    sessionStorage.setItem(kept, JSON.stringify({
      y: scrollY, x: canvas.scrollLeft, id: focus.id, name: focus.name || "", value: focus.matches("button") ? focus.value : "",
      panel: Boolean(by?.value.startsWith("choose:") && by.dataset.edit),
    }));
  });

  const place = JSON.parse(sessionStorage.getItem(kept) || "null");
  sessionStorage.removeItem(kept);
  if (place) {
    scrollTo(0, place.y);
    canvas.scrollLeft = place.x;
    const same = [...form.elements].find((each) => place.id ? each.id === place.id : each.name === place.name && (!place.value || each.value === place.value));
    if (/^(add:|remove|mend:)/.test(place.value)) chosen()?.focus({ preventScroll: true });
    else if (place.panel) panel.querySelector(".panel-body :is(input:not([type=hidden]), select, textarea)")?.focus();
    else same?.focus({ preventScroll: true });
  }
  chosen()?.scrollIntoView({ block: "nearest", inline: "nearest" });

  // A choice that changes what may be chosen next is applied at once.
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-again]") && event.target.value !== "") form.requestSubmit(apply);
  });

  document.getElementById("put-in")?.addEventListener("click", (event) => {
    event.preventDefault();
    const body = document.getElementById("body");
    body.setRangeText(document.getElementById("insert").value, body.selectionStart, body.selectionEnd, "end");
    body.focus();
  });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const all = nodes();
    const here = document.activeElement === canvas ? chosen() : document.activeElement;
    const at = all.indexOf(here);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
    } else if (event.key === "Enter" && here) {
      event.preventDefault();
      if (here.hasAttribute("aria-current")) {
        panel.querySelector(".panel-body :is(input:not([type=hidden]), select, textarea)")?.focus();
      } else {
        here.dataset.edit = "1";
        here.click();
      }
    } else if (event.key === "Delete" && here && here.id !== "n-start") {
      event.preventDefault();
      const removing = document.createElement("button");
      Object.assign(removing, { name: "do", value: `remove:${here.id.slice(2)}`, hidden: true });
      form.append(removing);
      form.requestSubmit(removing);
    } else if (event.key === "a") {
      event.preventDefault();
      if (here && !here.hasAttribute("aria-current")) { here.click(); return; }
      document.querySelector("#palette button").focus();
    }
  });

  document.getElementById("palette").addEventListener("keydown", (event) => {
    const all = [...event.currentTarget.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    } else if (event.key === "Escape") chosen()?.focus();
  });
})();
