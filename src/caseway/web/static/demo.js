// The demo's live parts: the log, the tour, the buttons that break things, the desk's frame.

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
const SILENCE_MS = 30_000;
const MOST_GROUPS = 40;
const SAID = {
  webhook: "The next webhook will be lost. Answer as the agent: the sweep finds the reply within 5 s.",
  creatio: "Creatio is down for 20 s. What is written meanwhile waits, and is sent once when it returns.",
  caseway: "Caseway was killed without warning and is starting again. Nothing that was kept is lost.",
};

const byId = (id) => document.getElementById(id);
const log = byId("log");

function setIcon(svg, name) {
  svg.querySelector("use").setAttribute("href", `#i-${name}`);
}

function drawDeed(deed) {
  const item = byId("deed").content.firstElementChild.cloneNode(true);
  item.className = deed.tone;
  item.querySelector(".ms").textContent = deed.at;
  setIcon(item.querySelector("svg"), deed.icon);
  item.querySelector(".text").textContent = deed.text;
  item.querySelector(".why").textContent = deed.why;
  return item;
}

function drawGroup(group) {
  const card = byId("group").content.firstElementChild.cloneNode(true);
  card.id = `g-${group.id}`;
  card.dataset.at = group.at;
  setIcon(card.querySelector(".t svg"), group.icon);
  card.querySelector("b").textContent = group.title;
  card.querySelector("code").textContent = group.code;
  const at = new Date(group.at).toLocaleTimeString([], { hour12: false });
  card.querySelector(".t .meta").textContent = [at, group.took].filter(Boolean).join(" · ");
  card.querySelector(".about").textContent = group.about ? `“${group.about}”` : "";
  card.querySelector("ol").replaceChildren(...group.deeds.map(drawDeed));
  return card;
}

// A reader who scrolled down keeps their place: what grows above is balanced.
function keepingPlace(change) {
  const before = log.scrollHeight;
  const isReading = log.scrollTop > 8;
  change();
  if (isReading) log.scrollTop += log.scrollHeight - before;
}

let isFirstLoad = true;
let unseen = 0;

function takeGroup(group) {
  byId("empty")?.remove();
  const card = drawGroup(group);
  const known = byId(card.id);
  keepingPlace(() => {
    if (known) {
      known.replaceWith(card);
      return;
    }
    const next = [...log.children].find((other) => other.dataset.at < card.dataset.at);
    log.insertBefore(card, next ?? null);
    if (!isFirstLoad) card.classList.add("cw-arrive");
    if (log.children.length > MOST_GROUPS) log.lastElementChild.remove();
  });
  if (known || isFirstLoad || byId("v2").checked) return;
  unseen += 1;
  byId("unseen").textContent = `${unseen} new`;
}

function takeTour({ done }) {
  const next = done.indexOf(false);
  [...byId("tour").children].forEach((step, index) => {
    step.classList.toggle("done", done[index]);
    step.querySelector(".state").textContent = done[index] ? "done" : "";
    if (index === next) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
}

function take(kind, text) {
  if (kind === "group") takeGroup(JSON.parse(text));
  else if (kind === "tour") takeTour(JSON.parse(text));
}

function live(words, isLost) {
  byId("live").classList.toggle("lost", isLost);
  byId("live-words").textContent = words;
}

async function listen() {
  const leaving = new AbortController();
  let silence;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => leaving.abort(), SILENCE_MS);
  };
  heard();
  try {
    const response = await fetch("/demo/log", { signal: leaving.signal, cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    live("Live", false);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const found = /^event: (\w+)\ndata: (.*)$/su.exec(part);
        if (found) take(found[1], found[2]);
      }
      isFirstLoad = false;
    }
  } finally {
    clearTimeout(silence);
  }
}

async function listenForEver() {
  let wait = FIRST_RETRY_MS;
  for (;;) {
    const began = performance.now();
    await listen().catch(() => undefined);
    wait = performance.now() - began > 5_000 ? FIRST_RETRY_MS : Math.min(wait * 2, LONGEST_RETRY_MS);
    live(`Live paused, trying again in ${Math.max(1, Math.round(wait / 1_000))} s`, true);
    await new Promise((wake) => setTimeout(wake, wait));
  }
}

for (const button of document.querySelectorAll("[data-break]")) {
  button.addEventListener("click", async () => {
    const what = button.dataset.break;
    button.disabled = true;
    try {
      const response = await fetch(`/demo/break/${what}`, { method: "POST" });
      const problem = response.ok ? null : await response.json();
      byId("broken").textContent = problem ? problem.detail : SAID[what];
    } catch {
      byId("broken").textContent =
        what === "caseway" ? SAID[what] : "Caseway does not answer right now. Try again.";
    }
    button.disabled = false;
  });
}

byId("v2").addEventListener("change", () => {
  unseen = 0;
  byId("unseen").textContent = "";
});

function followTheme() {
  const theme = document.documentElement.dataset.bsTheme;
  document.querySelector("caseway-chat").setAttribute("theme", theme);
  const desk = byId("desk");
  const address = new URL(desk.dataset.address);
  address.searchParams.set("embed", "1");
  address.searchParams.set("theme", theme);
  if (desk.src !== address.href) desk.src = address.href;
}

document.addEventListener("caseway-theme", followTheme);
followTheme();
listenForEver();
