// Keeps a part of the page as things are: `<div id="rows" data-live="/live/events">`. The stream only
// says that something changed; the part is then asked for at the page's own address.
//
//   data-live            the stream's address
//   data-live-select     which part is swapped (default: the element itself, by its id)
//   data-live-also       parts that change with it, at once: a count in the head, say
//   data-live-token      how things stood when the page was drawn, as the stream says it
//   data-live-one/-many  what a new row is called: "new event", "new events"
//
// Rows are the descendants with `data-row` and an id. While the list is scrolled, focused or
// selected, new rows wait behind "Show 6 new events"; known ones change in place. While a question
// (`data-confirm`) is open in the part, or something is being pressed, nothing else is drawn anew: the
// question would shut, and its Escape or the click would go to what stands there instead.
(() => {
  const RETRY_S = [1, 2, 4, 8, 15, 30];
  const SAY_EVERY_MS = 5000;
  const NEAR_TOP_PX = 120;
  let lastSaid = 0;
  let pressed = null; // what the pointer is down on

  document.addEventListener("pointerdown", (event) => event.button === 0 && (pressed = event.target), true);

  for (const element of document.querySelectorAll("[data-live]")) follow(element);

  function follow(element) {
    const select = element.dataset.liveSelect ?? `#${element.id}`;
    const part = () => document.querySelector(select);
    const states = document.querySelectorAll("[data-live-state]");
    let source = null;
    let token = element.dataset.liveToken ?? null;
    let failures = 0;
    let timer = 0;
    let waiting = null; // the newer part, held back
    let asking = false;
    let again = false;
    let owed = false; // a change that waits until nobody is at the part
    let isOver = false; // the sign-in is

    function show(text, colour) {
      for (const state of states) {
        state.querySelector(".cw-lamp").className = `cw-lamp ${colour}${colour === "green" ? "" : " wait"}`;
        state.querySelector("span:last-child").textContent = text;
      }
    }
    const words = () => states[0]?.dataset.liveWords ?? "Live";

    function open() {
      clearTimeout(timer);
      if (isOver) return;
      source?.close();
      source = new EventSource(element.dataset.live);
      source.addEventListener("changed", (event) => {
        if (event.data === token) return upToDate();
        token = event.data;
        refresh();
      });
      source.addEventListener("error", () => {
        const isRefused = source.readyState === EventSource.CLOSED;
        retry();
        if (isRefused) askWhy();
      });
    }

    // A stream that stands is not enough: the page must be drawn as well.
    function upToDate() {
      failures = 0;
      show(words(), "green");
    }

    // An EventSource does not say with what it was refused.
    async function askWhy() {
      const asked = new AbortController();
      try {
        const headers = { Accept: "text/event-stream" };
        const { status } = await fetch(element.dataset.live, { headers, signal: asked.signal });
        if (status === 401) signedOut();
      } catch {
        // No answer: it is tried again as it is.
      } finally {
        asked.abort();
      }
    }

    function retry() {
      clearTimeout(timer);
      source?.close();
      source = null;
      if (document.hidden) return;
      let left = RETRY_S[Math.min(failures++, RETRY_S.length - 1)];
      const tick = () => {
        if (!left) return open();
        // A stream that ends by itself comes back at once: nobody needs to hear of it.
        if (failures > 1) show(`Live paused, trying again in ${left} s`, "amber");
        left -= 1;
        timer = setTimeout(tick, 1000);
      };
      tick();
    }

    // A hidden page holds no connection: a browser has only six of them for one server.
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (!document.hidden) return open();
      source?.close();
      source = null;
    });

    async function refresh() {
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      const there = location.href;
      try {
        const answer = await fetch(there, { headers: { "X-Caseway-Live": "yes" } });
        if (answer.redirected && new URL(answer.url).pathname === "/login") return signedOut();
        if (!answer.ok) throw new Error(`answered ${answer.status}`);
        const html = await answer.text();
        // Filtered or opened meanwhile: this is not what the page shows now.
        if (location.href !== there) return void (again = true);
        const page = new DOMParser().parseFromString(html, "text/html");
        const fresh = page.querySelector(select);
        if (fresh) {
          window.caseway.adoptIcons(html);
          along(page);
          take(fresh);
        }
        upToDate();
      } catch {
        token = null;
        retry();
      } finally {
        asking = false;
        if (again) {
          again = false;
          refresh();
        }
      }
    }

    function along(page) {
      for (const known of document.querySelectorAll(element.dataset.liveAlso ?? ":not(*)")) {
        const fresh = page.getElementById(known.id);
        if (!fresh || known.innerHTML === fresh.innerHTML || known.contains(document.activeElement)) continue;
        if (inUse(known)) {
          owed = true;
          continue;
        }
        known.replaceChildren(...[...fresh.childNodes].map((each) => document.importNode(each, true)));
      }
    }

    function signedOut() {
      isOver = true;
      clearTimeout(timer);
      source?.close();
      show("Signed out", "grey");
      const voice = document.getElementById("said");
      voice?.setAttribute("aria-live", "assertive");
      window.caseway.say("You are signed out. Reload the page to sign in again.");
    }

    function take(fresh) {
      const now = part();
      const arrived = [...fresh.querySelectorAll("[data-row]")].filter((row) => row.id && !document.getElementById(row.id));
      const isInUse = inUse(now);
      if (!isInUse && !(arrived.length && held(now))) return swap(now, fresh, arrived);
      owed ||= isInUse;
      if (arrived.length) {
        waiting = fresh;
        offer(now, arrived.length);
      }
      changeRows(now, fresh);
    }

    const inUse = (within) => within.contains(pressed) || within.querySelector("[data-confirm][open]") !== null;
    function drawOwed() {
      if (!owed) return;
      owed = false;
      refresh();
    }
    document.addEventListener("toggle", drawOwed, true);
    // The click comes after the release; a menu of the browser may swallow the release.
    const release = () => setTimeout(() => ((pressed = null), drawOwed()));
    for (const end of ["pointerup", "pointercancel", "contextmenu"]) window.addEventListener(end, release, true);

    function held(now) {
      const top = now.getBoundingClientRect().top;
      const scrolled = scrollY > NEAR_TOP_PX && top < 0;
      const selected = !getSelection().isCollapsed && now.contains(getSelection().anchorNode);
      return scrolled || selected || now.contains(document.activeElement) || now.querySelector("input:checked") !== null;
    }

    function changeRows(now, fresh) {
      for (const row of fresh.querySelectorAll("[data-row][id]")) {
        const known = document.getElementById(row.id);
        if (!known || !now.contains(known) || known.contains(document.activeElement) || inUse(known)) continue;
        if (known.innerHTML === row.innerHTML) continue;
        const newer = document.importNode(row, true);
        pick(newer, picked(known));
        known.replaceWith(newer);
      }
    }

    // What is ticked stays ticked, whoever draws its row anew.
    const boxes = (within) => [...within.querySelectorAll("input[type=checkbox]")];
    const named = (box) => `${box.name}=${box.value}`;
    const picked = (within) => new Set(boxes(within).filter((box) => box.checked).map(named));
    function pick(within, names) {
      for (const box of boxes(within)) box.checked ||= names.has(named(box));
    }

    function offer(now, count) {
      let button = document.querySelector("[data-live-offer]");
      if (!button) {
        button = document.createElement("button");
        button.type = "button";
        button.className = "cw-offer";
        button.dataset.liveOffer = "";
        button.addEventListener("click", () => {
          const fresh = waiting;
          button.hidden = true;
          if (!fresh) return;
          const arrived = [...fresh.querySelectorAll("[data-row]")].filter((row) => row.id && !document.getElementById(row.id));
          swap(part(), fresh, arrived);
          const first = document.getElementById(arrived[0]?.id);
          (first?.querySelector("a[href], button") ?? first)?.focus();
        });
        document.body.append(button);
      }
      button.hidden = false;
      button.textContent = `Show ${counted(count)}`;
      announce(count);
    }

    const counted = (count) => `${count} ${count === 1 ? (element.dataset.liveOne ?? "new row") : (element.dataset.liveMany ?? "new rows")}`;

    function announce(count) {
      if (Date.now() - lastSaid < SAY_EVERY_MS) return;
      lastSaid = Date.now();
      window.caseway.say(counted(count));
    }

    function swap(now, fresh, arrived) {
      waiting = null;
      const offered = document.querySelector("[data-live-offer]");
      if (offered) offered.hidden = true;
      if (now.innerHTML === fresh.innerHTML) return;
      const focused = now.contains(document.activeElement) ? document.activeElement : null;
      const open = [...now.querySelectorAll("details[id][open]")].map((each) => each.id);
      const kept = focused && pathTo(focused);
      const ticked = picked(now);
      now.replaceChildren(...[...fresh.childNodes].map((each) => document.importNode(each, true)));
      pick(now, ticked);
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      for (const { id } of arrived) document.getElementById(id)?.classList.add("cw-arrive");
      if (kept) (document.getElementById(kept.id)?.querySelectorAll("a[href], button, summary, input")[kept.nth] ?? document.getElementById(kept.id))?.focus();
      window.htmx?.process(now);
      if (arrived.length) announce(arrived.length);
    }

    // The focus comes back to the same thing: by its own id, else by its place in the row.
    function pathTo(focused) {
      if (focused.id) return { id: focused.id, nth: -1 };
      const row = focused.closest("[id]");
      const all = [...row.querySelectorAll("a[href], button, summary, input")];
      return { id: row.id, nth: all.indexOf(focused) };
    }

    open();
  }
})();
