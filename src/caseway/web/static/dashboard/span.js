// The strip of bars: a span is marked by dragging over it, or with Shift and the arrow keys, and
// shown at the address that the bars' own links have. Without this script each bar is a link alone.
//
// The strip may be drawn anew at any moment (live.js): bars are known by their ids.
(() => {
  const strip = () => document.querySelector(".ev-bars");
  const bars = () => [...document.querySelectorAll(".ev-bars a")];
  const barOf = (event) => event.target.closest?.(".ev-bars a");
  const isMirrored = () => getComputedStyle(strip()).direction === "rtl";
  let span = null; // the ids of the bars where it began and where it is now
  let press = null; // the pointer that is down on a bar
  let swallow = false; // the click that follows a drag

  function reachable() {
    const all = bars();
    if (!all.length || all.some((bar) => bar.tabIndex === 0)) return;
    strip().removeAttribute("aria-hidden");
    all.at(-1).setAttribute("tabindex", "0"); // one stop for Tab; the arrows move on
  }

  function ends() {
    const all = bars();
    const at = span?.map((id) => all.findIndex((bar) => bar.id === id)) ?? [];
    if (at.length !== 2 || at.includes(-1)) return null;
    return { all, first: Math.min(...at), last: Math.max(...at) };
  }

  // "2 Mar, 14:00 to 15:30": the day once.
  function told(from, to) {
    const day = from.includes(", ") ? `${from.split(", ")[0]}, ` : "";
    return `${from} to ${day && to.startsWith(day) ? to.slice(day.length) : to}`;
  }

  function show() {
    const found = ends();
    bars().forEach((bar, at) => bar.classList.toggle("marked", !!found && at >= found.first && at <= found.last));
    const said = document.querySelector("[data-span-said]");
    const words = found ? told(found.all[found.first].dataset.from, found.all[found.last].dataset.to) : "";
    if (said && said.textContent !== words) said.textContent = words;
  }

  function mark(from, to) {
    span = [from, to];
    show();
  }

  function clear() {
    span = null;
    show();
  }

  function go() {
    const found = ends();
    if (!found) return;
    const address = (bar) => new URL(bar.getAttribute("href"), location.href);
    const there = address(found.all[found.first]);
    there.searchParams.set("until", address(found.all[found.last]).searchParams.get("until"));
    location.assign(there);
  }

  // --- by pointer ----------------------------------------------------------------------------

  function under(x) {
    const { left, width } = strip().getBoundingClientRect();
    const all = bars();
    const along = (x - left) / width;
    const at = Math.floor((isMirrored() ? 1 - along : along) * all.length);
    return all[Math.max(0, Math.min(all.length - 1, at))];
  }

  document.addEventListener("pointerdown", (event) => {
    swallow = false;
    const bar = barOf(event);
    const isPlain = event.isPrimary && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (bar && isPlain) press = { pointer: event.pointerId, from: bar.id, isDrag: false };
  });
  window.addEventListener("pointermove", (event) => {
    if (press?.pointer !== event.pointerId || !strip()) return;
    const to = under(event.clientX);
    if (!press.isDrag && to.id === press.from) return;
    press.isDrag = true;
    mark(press.from, to.id);
  });
  window.addEventListener("pointerup", (event) => {
    if (press?.pointer !== event.pointerId) return;
    swallow = press.isDrag;
    if (press.isDrag) go();
    press = null;
  });
  window.addEventListener("pointercancel", (event) => {
    if (press?.pointer !== event.pointerId) return;
    press = null;
    clear();
  });
  document.addEventListener("click", (event) => swallow && event.target.closest?.(".ev-bars") && event.preventDefault());
  document.addEventListener("dragstart", (event) => barOf(event) && event.preventDefault());
  document.addEventListener("selectstart", (event) => press && event.preventDefault());

  // --- by key --------------------------------------------------------------------------------

  function target(key, all, at) {
    const forward = isMirrored() ? -1 : 1;
    const next = { ArrowRight: at + forward, ArrowLeft: at - forward, Home: 0, End: all.length - 1 }[key];
    return next === undefined ? null : all[Math.max(0, Math.min(all.length - 1, next))];
  }

  function move(event, bar) {
    const all = bars();
    const next = target(event.key, all, all.indexOf(bar));
    if (!next) return;
    event.preventDefault();
    all.forEach((each) => each.setAttribute("tabindex", each === next ? "0" : "-1"));
    if (event.shiftKey) mark(span?.[0] ?? bar.id, next.id);
    else clear();
    next.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && span) {
      event.preventDefault();
      swallow = press !== null;
      press = null;
      clear();
      return;
    }
    const bar = barOf(event);
    if (!bar || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && span) {
      event.preventDefault();
      go();
    } else move(event, bar);
  });
  document.addEventListener("focusout", (event) => {
    if (!press && barOf(event) && !event.relatedTarget?.closest(".ev-bars")) clear();
  });

  // --- drawn anew ----------------------------------------------------------------------------

  const log = document.getElementById("log");
  if (log) new MutationObserver(() => (reachable(), show())).observe(log, { childList: true });
  window.addEventListener("pageshow", clear); // back from the span: nothing is marked
  reachable();
})();
