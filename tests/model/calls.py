"""The remote calls of a run, and the transactions that settle them."""

from collections.abc import Iterator

from .state import FAULTS, Bounds, S, conv, may, msg, rep, spend, work
from .world import Step, meaning, mine, opened, tick, trigger


def fates(s: S, kind: str) -> Iterator[tuple[str, bool, str, S]]:
    """How a remote call may end: (outcome, done over there, kind of step, budget left)."""
    yield "ok", True, "work", s
    if may(s, kind):
        t = spend(s, kind)
        yield "later", False, "fault", t
        yield "lost", True, "fault", t
        yield "lost", False, "fault", t
    if kind == "send" and may(s, "never"):
        yield "never", False, "fault", spend(s, "never")


def send(s: S, i: int, b: Bounds, say: str) -> Iterator[Step]:
    r, doubt, marked = s.ws[i].arg
    for outcome, done, kind, t in fates(s, "send"):
        t = work(t, i, pc="sent", arg=(r, doubt, outcome))
        have = [x for x, _ in t.inbox]
        if done and not (b.idempotent and r in have and not t.reps[r].extra):
            t = t._replace(inbox=(*t.inbox, (r, marked)))
            if b.idempotent and r in have:
                t = t._replace(bad=f"r{r} reached the customer twice on an idempotent channel")
            if not b.idempotent and r in have and not marked:
                t = t._replace(bad=f"a second copy of r{r} is not marked")
            if r in have and all(
                s.left[FAULTS.index(f)] == b.faults.get(f, 0)
                for f in ("crash", "stall", "send", "raise")
            ):
                t = t._replace(bad=t.bad or f"r{r} doubled though nothing had failed")
            if any(q > r for q in have) and r not in have and not t.late_ok:
                t = t._replace(bad=f"r{r} arrived after a later one")
        yield (
            kind,
            say
            + f"sends r{r}{' marked' if marked else ''}: {outcome}{'' if done else ', not taken'}",
            t,
        )


def settle_send(s: S, i: int, off: frozenset[str], say: str) -> Iterator[Step]:
    w = s.ws[i]
    r, doubt, outcome = w.arg
    x = s.reps[r]
    t = work(s, i, pc="next", arg=())
    if x.extra:
        yield "work", say + f"settles the second r{r}", rep(t, r, extra=0)
        return
    if x.debt != "sending" and "note_first" not in off:
        yield "work", say + f"finds r{r} settled by another", t
        return
    if outcome in ("ok", "never"):
        yield (
            "work",
            say + f"notes r{r} {outcome}",
            rep(t, r, debt="sent" if outcome == "ok" else "failed"),
        )
        return
    t = rep(t, r, debt="unknown" if doubt or outcome == "lost" else "owed")
    yield "work", say + f"notes r{r} {t.reps[r].debt}", later(t, i, "send", off)


def later(s: S, i: int, lane: str, off: frozenset[str]) -> S:
    """The transaction that records a failure also owes the next look: mark and delayed job."""
    s = work(s, i, skip=tuple(sorted({*s.ws[i].skip, lane})))
    if "retry_tx" in off:
        return s
    if "retry_split" in off:
        return work(s, i, pc="retry")
    return postpone(s, s.ws[i].conv)


def postpone(s: S, c: int) -> S:
    return conv(s, c, mark=s.convs[c].mark or 2, delayed=1)


def post(s: S, i: int, off: frozenset[str], say: str) -> Iterator[Step]:
    (what,) = s.ws[i].arg
    c = s.ws[i].conv
    k = s.convs[c]
    there = bool(k.status) if what == "case" else s.msgs[what].made > 0
    for outcome, done, kind, t in fates(s, "create"):
        if done and there and "preset_id" not in off:
            done = False
            if outcome == "ok":
                outcome = "dup"
        if done and what == "case":
            t = conv(t, c, status="o", made=k.made + 1)
        elif done:
            made = s.msgs[what].made + 1
            t = tick(
                msg(
                    t,
                    what,
                    made=made,
                    stamp=s.clock,
                    open_once=s.msgs[what].open_once or k.status != "r",
                )
            )
            if any(q < what and not s.msgs[q].made for q in mine(s, c)):
                t = t._replace(bad=f"activity of m{what} before an earlier one")
        if t.convs[c].made > 1 or any(x.made > 1 for x in t.msgs):
            t = t._replace(bad=f"'{what}' created twice")
        t = work(t, i, pc="posted", arg=(what, outcome, t.convs[c].status))
        yield kind, say + f"posts {what}: {outcome}{'' if done else ', not taken'}", t


def settle_post(s: S, i: int, off: frozenset[str], say: str) -> Iterator[Step]:
    w = s.ws[i]
    what, outcome, status = w.arg
    c, k = w.conv, s.convs[w.conv]
    t = work(s, i, pc="next", arg=())
    if outcome == "dup":
        outcome = "later" if "lookup" in off else "found"  # looked up by id: it is ours
    if outcome in ("ok", "found"):
        if what == "case":
            t = conv(t, c, agreed=k.agreed or "open", last_open=k.last_open or "o")
        else:
            t = msg(t, what, linked=True)
            if meaning(s, c, status) == "open" and outcome == "ok":
                t = msg(t, what, covered=True)
                if w.write == "open" and "fresh_write" not in off:
                    t = work(t, i, write="")  # somebody has reopened it: nothing left to write
            elif outcome == "ok" and k.ours == "open" and k.agreed == "open":
                t = trigger(t, c, off)  # closed while we wrote: look at it again
                t = work(t, i, arg=("looked",))
        yield "work", say + f"links {what}", t
        return
    yield "work", say + f"notes the failure of {what}", later(t, i, "post", off)


def patch(s: S, i: int, say: str) -> Iterator[Step]:
    (want,) = s.ws[i].arg
    c = s.ws[i].conv
    for outcome, done, kind, t in fates(s, "patch"):
        if done:
            t = conv(t, c, status="o" if want == "open" else "r", swept=1)
            if want == "open":
                t = opened(t, c)
        yield (
            kind,
            say + f"writes status '{want}': {outcome}{'' if done else ', not taken'}",
            work(t, i, pc="patched", arg=(want, outcome)),
        )


def settle_patch(s: S, i: int, off: frozenset[str], say: str) -> Iterator[Step]:
    w = s.ws[i]
    want, outcome = w.arg
    c, k = w.conv, s.convs[w.conv]
    t = work(s, i, pc="next", arg=(), write="")
    if outcome != "ok":
        t = work(t, i, write=w.write)
        yield "work", say + "notes that the status may not be written", later(t, i, "patch", off)
        return
    t = conv(
        t,
        c,
        agreed=want,
        held="",
        **(
            {"last_open": "o", "reopened": k.reopened if "judged" in off else "o"}
            if want == "open"
            else {}
        ),
    )
    if want == "open":
        for m in mine(s, c):
            if s.msgs[m].linked:
                t = msg(t, m, covered=True)
    yield "work", say + f"agrees on '{want}'", t
