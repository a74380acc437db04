// Test & save without leaving the page: each check appears as it ends. Without this script the same
// form is answered with all checks at once.
(() => {
  const form = document.querySelector("[data-trial]");
  const panel = document.getElementById("trial");
  if (!form || !panel) return;
  const list = panel.querySelector("[data-trial-checks]");
  const end = panel.querySelector("[data-trial-end]");
  const state = panel.querySelector("[data-trial-state]");
  const RECORD_END = "\u001e";
  const SLOW_S = 10;
  let running = false;

  // --- a new connection is proposed the zone of the browser -----------------------------------

  const zone = form.querySelector("[data-browsers-zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...(zone?.list?.options ?? [])].some((each) => each.value === here);
  if (known && zone.value === zone.defaultValue) zone.value = here;

  // --- what is not saved yet, by name --------------------------------------------------------

  const unsaved = form.querySelector("[data-unsaved]");
  const as = (field) => (field.type === "checkbox" || field.type === "radio" ? field.checked : field.value);
  const first = new Map();
  const fields = () => [...form.elements].filter((each) => each.name && !["hidden", "submit"].includes(each.type));
  const key = (field) => `${field.name}=${["checkbox", "radio"].includes(field.type) ? field.value : ""}`;
  const remember = () => fields().forEach((field) => first.has(key(field)) || first.set(key(field), as(field)));
  const label = (field) => {
    const words = field.getAttribute("aria-label") ?? field.closest("fieldset")?.querySelector("legend")?.textContent ?? field.labels?.[0]?.textContent ?? field.name;
    const own = ["checkbox", "radio"].includes(field.type) ? words : (field.getAttribute("aria-label") ?? field.labels?.[0]?.textContent ?? words);
    return own.replace("(optional)", "").trim();
  };
  function tellUnsaved() {
    if (!unsaved) return;
    const changed = [...new Set(fields().filter((field) => first.get(key(field)) !== as(field)).map(label))];
    const count = changed.length === 1 ? "1 unsaved change" : `${changed.length} unsaved changes`;
    const shown = changed.slice(0, 3).join(", ") + (changed.length > 3 ? ", …" : "");
    unsaved.textContent = changed.length ? `${count}: ${shown}` : "";
  }
  remember();
  form.addEventListener("input", tellUnsaved);
  form.addEventListener("change", tellUnsaved);
  // What is chosen while the lists are on their way is not drawn over.
  let chosenMeanwhile = false;
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target.id === "cases") chosenMeanwhile = false;
  });
  form.addEventListener("input", (event) => {
    chosenMeanwhile ||= event.target.closest("#cases") !== null;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "cases" && chosenMeanwhile) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", () => {
    remember();
    tellUnsaved();
  });

  // --- the test ------------------------------------------------------------------------------

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name !== "deed" || button.value.startsWith("again:")) return;
    event.preventDefault();
    if (!running) run(button);
  });

  async function run(button) {
    const body = new URLSearchParams(new FormData(form));
    body.set("deed", button.value);
    running = true;
    form.querySelectorAll("[name=deed]").forEach((each) => each.setAttribute("aria-disabled", "true"));
    list.replaceChildren();
    end.replaceChildren();
    const begun = Date.now();
    let waits = "Testing…";
    let total = 0;
    let ended = false;
    const tick = () => {
      const passed = (Date.now() - begun) / 1000;
      const slow = passed > SLOW_S ? " Creatio is slow. You may leave this page: it ends the test, and what is saved stands here." : "";
      state.textContent = `${total ? `${list.children.length} of ${total} run · ` : ""}${waits} ${passed.toFixed(1)} s.${slow}`;
    };
    const timer = setInterval(tick, 200);
    tick();
    panel.scrollIntoView({ block: "nearest" });
    panel.focus({ preventScroll: true });
    try {
      const answer = await fetch(form.dataset.trial, { method: "POST", body });
      if (answer.status === 422) return showFaults(await answer.text());
      if (answer.status >= 400 && answer.status < 500) {
        state.textContent = `Caseway answered ${answer.status}. Nothing was saved. Try again.`;
        return;
      }
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      await records(answer, (record) => {
        const piece = new DOMParser().parseFromString(record, "text/html");
        window.caseway.adoptIcons(record);
        const row = piece.querySelector("li");
        if (row) {
          list.append(document.importNode(row, true));
          window.htmx?.process(list.lastElementChild);
        }
        total = Number(piece.querySelector("[data-count]")?.dataset.count ?? total);
        waits = piece.querySelector("[data-waits]")?.textContent ?? waits;
        const last = piece.querySelector("[data-end]");
        if (!last) return;
        ended = true;
        if (last.dataset.href) location.assign(last.dataset.href);
        end.replaceChildren(...[...last.children].map((each) => document.importNode(each, true)));
        list.querySelector("[data-failed]")?.focus();
      });
      if (!ended) throw new Error("broken off");
      state.textContent = `${list.children.length} of ${total} run · ${((Date.now() - begun) / 1000).toFixed(1)} s`;
    } catch {
      clearInterval(timer);
      // After the end nothing is left to know: the page is on its way to what was saved.
      if (!ended) await lookWhetherSaved();
    } finally {
      clearInterval(timer);
      running = false;
      form.querySelectorAll("[name=deed]").forEach((each) => each.removeAttribute("aria-disabled"));
    }
  }

  // The answer broke off, and it may have been saved all the same: what is there now says it.
  async function lookWhetherSaved() {
    const typed = new FormData(form);
    const asked = new URLSearchParams({ connection: typed.get("connection") || typed.get("name") });
    const there = `${form.getAttribute("action")}?${asked}`;
    state.textContent = "The test broke before the end. Looking whether it was saved…";
    try {
      const answer = await fetch(there, { signal: AbortSignal.timeout(SLOW_S * 1000) });
      if (answer.redirected || !(answer.ok || answer.status === 404)) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const saved = page.querySelector("#connection-form [name=version]")?.value ?? "0";
      if (saved !== typed.get("version")) return location.assign(`${there}&done=found`);
      state.textContent = "The test broke before the end: nothing was saved up to now. Test it again.";
    } catch {
      state.textContent = "The connection to Caseway broke before the end, and does not come back.";
      const link = Object.assign(document.createElement("a"), { href: there, textContent: "See whether it was saved" });
      end.replaceChildren(link);
    }
  }

  async function records(answer, each) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split(RECORD_END);
      rest = parts.pop();
      parts.forEach(each);
    }
  }

  // The same form again, with what is wrong beside each field. Secrets stay as they were typed.
  function showFaults(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    window.caseway.adoptIcons(html);
    const typed = [...form.querySelectorAll("input[type=password]")].map((each) => [each.id, each.value]);
    const fresh = page.getElementById("connection-form");
    form.replaceChildren(...[...fresh.children].map((each) => document.importNode(each, true)));
    for (const [id, value] of typed) document.getElementById(id).value = value;
    window.htmx?.process(form);
    state.textContent = "Not run: the form needs a look";
    form.querySelector("[aria-invalid='true']")?.focus();
  }
})();
