// Looks again when the server says that something changed. Without it the pages work as they are.
(() => {
  const live = document.getElementById("live");
  const say = (text) => { live.hidden = !text; live.textContent = text; };
  let waiting = false;
  let again = false;

  const busy = (part) => {
    const focus = document.activeElement;
    const chosen = String(getSelection()) && part.contains(getSelection().anchorNode);
    return chosen || part.querySelector("details.pick[open]") || (focus !== document.body && part.contains(focus) && focus.matches("input, textarea, select"));
  };

  const swap = (fresh) => {
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const next = fresh.getElementById(part.id);
      if (!next || busy(part) || next.innerHTML === part.innerHTML) continue;
      const known = new Set([...part.querySelectorAll("li[id], tr[id]")].map((row) => row.id));
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.replaceChildren(...next.childNodes);
      for (const row of part.querySelectorAll("li[id], tr[id]"))
        if (known.size && !known.has(row.id)) row.classList.add("arrive");
      if (focused) document.getElementById(focused)?.focus();
    }
  };

  const look = async () => {
    if (waiting) { again = true; return; }
    waiting = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected)
        swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* the stream says that it is gone */ }
    waiting = false;
    if (again) { again = false; look(); }
  };

  document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

  const stream = new EventSource("/desk/stream");
  stream.addEventListener("changed", look);
  // Also the first time: what happened while the page was on its way, no stream told it.
  stream.addEventListener("open", () => { look(); say(""); });
  stream.addEventListener("error", () => say("Live paused, trying again."));

  const close = (but) => {
    for (const menu of document.querySelectorAll("details.pick[open]")) if (menu !== but) menu.open = false;
  };
  document.addEventListener("click", (event) => close(event.target.closest("details.pick")));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement.closest("details.pick[open]");
    if (menu) { close(); menu.querySelector("summary").focus(); }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea"))
      event.target.form.requestSubmit();
  });
  document.querySelector(".find select")?.addEventListener("change", (event) => event.target.form.requestSubmit());
})();
