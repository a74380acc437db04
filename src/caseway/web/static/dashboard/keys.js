// The keyboard map. No single key acts while a field has the focus, or once they are switched off.
(() => {
  const OFF = "caseway-keys-off";
  const AGAIN_MS = 1500; // after g
  const dialog = document.getElementById("keys");
  const isOff = () => {
    try {
      return localStorage.getItem(OFF) === "yes";
    } catch {
      return false;
    }
  };
  const off = dialog?.querySelector("[data-keys-off]");
  if (off) {
    off.checked = isOff();
    off.addEventListener("change", () => {
      try {
        localStorage.setItem(OFF, off.checked ? "yes" : "no");
      } catch {
        off.checked = false; // it cannot be remembered
      }
    });
  }

  const rows = () => [...document.querySelectorAll("#main [data-row]")].filter((row) => row.checkVisibility());
  const current = () => document.activeElement?.closest("[data-row]");
  const target = (row) => row?.querySelector("a[href], button") ?? row;

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    target(next)?.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  let before = null; // what had the focus when / was pressed
  function find() {
    const field = document.querySelector("#main [data-find]");
    if (field) {
      before = document.activeElement;
      field.focus();
      field.select?.();
    } else document.querySelector("[data-find-door]")?.click();
  }

  // What was typed stays: j and k walk what it found.
  function leave(field) {
    field.blur();
    (before?.isConnected && before !== document.body ? before : document.getElementById("main"))?.focus({ preventScroll: true });
  }

  const within = (selector) => (current() ?? document.getElementById("main"))?.querySelector(selector);
  async function copyLink() {
    const link = current()?.querySelector("a[href]")?.href ?? location.href;
    try {
      await navigator.clipboard.writeText(link);
      window.caseway.say("Link copied");
    } catch {
      window.caseway.say("Your browser does not allow copying.");
    }
  }

  const DEEDS = {
    "/": find,
    j: () => step(1),
    k: () => step(-1),
    o: () => within("[data-creatio]")?.click(),
    c: copyLink,
    r: () => within("[data-replay]")?.click(),
    ".": () => document.querySelector("[data-newest], [data-live-offer]:not([hidden])")?.click() ?? scrollTo({ top: 0 }),
    "?": () => dialog?.showModal(),
  };

  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isOff()) return;
    if (event.key === "Escape" && event.target.matches?.("[data-find]")) {
      event.preventDefault();
      leave(event.target);
    }
    if (event.target.closest?.("input, select, textarea, [contenteditable], dialog[open]")) return;
    if (Date.now() < going) {
      going = 0;
      const door = event.key === "s" ? document.querySelector("a[href='/settings']") : document.querySelector(`.cw-nav a[data-key="${CSS.escape(event.key)}"]`);
      if (door) {
        event.preventDefault();
        door.click();
        return;
      }
    }
    if (event.key === "g") {
      going = Date.now() + AGAIN_MS;
      return;
    }
    const deed = DEEDS[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });

  document.querySelector("[data-keys-open]")?.addEventListener("click", () => dialog?.showModal());

  if (location.hash === "#find") document.querySelector("#main [data-find]")?.focus();
})();
