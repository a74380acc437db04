// What every page can do once scripts run: copy, ask, say, and keep the focus. All of it works
// without, a little less comfortably.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  // One polite voice for the page.
  const said = document.getElementById("said");
  const say = (text) => {
    if (said) said.textContent = said.textContent === text ? `${text}\u00a0` : text;
  };
  window.caseway = { say };

  async function copy(button) {
    const words = button.querySelector("span");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      say("Your browser does not allow copying. Select the text instead.");
      return;
    }
    button.classList.add("copied");
    say(words ? `Copied ${words.textContent}` : "Copied");
    setTimeout(() => button.classList.remove("copied"), 1600);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) return void copy(button);
    const close = event.target.closest?.("[data-close]");
    const asked = close?.closest("details");
    if (asked) shut(asked);
    for (const open of document.querySelectorAll("details[data-confirm][open], details[data-menu][open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  // A question that would stick out of the page turns to the other side of its opener.
  function place(ask) {
    const room = (ask.closest("main") ?? root).getBoundingClientRect();
    const outside = () => {
      const box = ask.getBoundingClientRect();
      return Math.max(room.left - box.left, box.right - room.right, 0);
    };
    delete ask.dataset.turned;
    const first = outside();
    if (!first) return;
    ask.dataset.turned = "";
    if (outside() >= first) delete ask.dataset.turned;
  }

  window.addEventListener("resize", () => document.querySelectorAll("details[open] > .cw-ask").forEach(place));

  // A question takes the focus on its heading, and gives it back to its opener.
  function shut(details) {
    details.open = false;
    details.querySelector("summary")?.focus();
  }
  document.addEventListener(
    "toggle",
    (event) => {
      const ask = event.target.open && event.target.querySelector?.(".cw-ask");
      if (ask) place(ask);
      const heading = event.target.open && event.target.querySelector?.("[data-heading]");
      if (heading) heading.focus();
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = event.target.closest?.("details[open]") ?? document.querySelector("details[data-confirm][open], details[data-menu][open]");
    if (!open?.matches("[data-confirm], [data-menu]")) return;
    event.preventDefault(); // what stands behind it stays open
    shut(open);
  });

  // A form that came back with errors begins at the first of them.
  function toFaults(within) {
    const faulty = within.querySelector("[aria-invalid='true']") ?? within.querySelector("[data-focus-faults]");
    faulty?.focus();
  }
  toFaults(document);

  // A double click orders once: of two keys made, the second answer would hide the one to be kept.
  const AGAIN_AFTER_MS = 5000; // the first attempt may have been stopped
  const sentAt = new WeakMap();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (event.timeStamp - (sentAt.get(form) ?? -Infinity) < AGAIN_AFTER_MS) event.preventDefault();
    else sentAt.set(form, event.timeStamp);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) sentAt.delete(form);
  });

  // Icons that a swapped part uses, and the page has not drawn yet.
  const SYMBOLS = /<symbol id="(i-[a-z0-9-]+)".*?<\/symbol>/gs;
  window.caseway.adoptIcons = (html) => {
    const sprite = document.getElementById("sprite");
    for (const [symbol, id] of html.matchAll(SYMBOLS)) {
      if (!document.getElementById(id)) sprite?.insertAdjacentHTML("beforeend", symbol);
    }
  };

  // htmx: the words for what it meets, and where the focus goes.
  document.addEventListener("htmx:beforeSwap", (event) => {
    window.caseway.adoptIcons(event.detail.serverResponse ?? "");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.xhr?.status === 422) toFaults(event.detail.target);
    const heading = event.detail.target.querySelector?.("[data-focus-after]");
    heading?.focus();
  });
  const broken = (text) => () => say(text);
  document.addEventListener("htmx:sendError", broken("Caseway did not answer. No setting was changed. Try again."));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401) location.reload(); // the door asks for the sign-in
    say(status === 403 ? "Your role may not do this." : `Caseway answered ${status}. No setting was changed. Try again.`);
  });
})();
