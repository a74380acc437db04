"""Jobs, leases, the healer, and how a run begins and ends."""

from collections.abc import Iterator

from .state import S, conv, may, put, spend, work
from .world import Step


def claim(s: S, i: int, off: frozenset[str]) -> tuple[str, S]:
    """T1: lease, epoch, mark cleared; the claim of closure that this run will judge."""
    c = s.ws[i].conv
    k = s.convs[c]
    if k.lease == 1 and "busy" in off:
        return "finds it busy: gives up", end(s, i)
    if k.lease == 1 and "lock" not in off:
        return "finds it busy: a job for later", end(conv(s, c, delayed=1, mark=k.mark or 2), i)
    for j, x in enumerate(s.ws):
        if j != i and x.conv == c and x.fresh and "fence" not in off:
            s = work(s, j, fresh=False)
    cleared = {} if "clear_first" in off else {"mark": 0}
    s = conv(s, c, lease=1, claim=2 if k.claim else 0, prompt=False, **cleared)
    if not s.convs[c].wants and not s.convs[c].status:
        return "takes the lease, nothing to do yet", work(s, i, pc="next", fresh=True)
    return "takes the lease, clears the mark", work(
        s, i, pc="case", fresh=True, claim=bool(k.claim)
    )


def leave(s: S, i: int, *, again: bool = False, off: frozenset[str] = frozenset()) -> S:
    """T9: release, fenced; a mark that came meanwhile gets its job."""
    w = s.ws[i]
    k = s.convs[w.conv]
    if w.fresh:
        due = again or (k.mark == 1 and "rerun" not in off)
        if "clear_first" in off:
            k = k._replace(mark=0)
            due = again
        s = conv(s, w.conv, lease=0, mark=1 if again else k.mark, ready=min(1, k.ready + due))
    return end(s, i)


def take(s: S, i: int, c: int, job: str, off: frozenset[str], why: str) -> tuple[str, S]:
    label, t = claim(work(s, i, conv=c, job=job), i, off)
    while t.ws[i].pc == "next":
        t = leave(t, i)
    return f"w{i} takes {why}c{c}, {label}", t


def queue(s: S, off: frozenset[str]) -> Iterator[Step]:
    idle = next((i for i, w in enumerate(s.ws) if w.pc == "idle"), -1)
    for c, k in enumerate(s.convs):
        if idle >= 0 and k.ready:
            yield "pick", *take(conv(s, c, ready=k.ready - 1), idle, c, "own", off, "a job: ")
        if idle >= 0 and k.orphan:
            yield (
                "pick",
                *take(
                    conv(s, c, orphan=k.orphan - 1), idle, c, "own", off, "the job of a dead one: "
                ),
            )
        if k.ready and may(s, "raise"):
            yield (
                "fault",
                f"the job of c{c} raises before it begins and is deleted",
                conv(spend(s, "raise"), c, ready=0),
            )
        if k.delayed:
            yield "delay", f"backoff of c{c} ends", conv(s, c, delayed=0, ready=1)
        if k.lease == 1 and not any(w.fresh and w.conv == c and not w.stalled for w in s.ws):
            t = conv(s, c, lease=2)
            for i, w in enumerate(t.ws):
                if w.fresh and w.conv == c:
                    t = work(t, i, over=True)
            yield "expire", f"lease of c{c} runs out", t
        jobs = (
            k.ready
            or k.delayed
            or k.orphan
            or any(w.conv == c and w.pc != "idle" and w.job in ("own", "shared") for w in s.ws)
        )
        if not jobs:
            if k.mark and "heal_mark" not in off:
                yield "heal", f"healer: old mark of c{c}, job", conv(s, c, mark=1, ready=1)
            elif k.lease == 2 and "heal_lease" not in off:
                yield "heal", f"healer: unreleased lease of c{c}, job", conv(s, c, mark=1, ready=1)
    for i, w in enumerate(s.ws):
        if w.pc == "idle":
            continue
        if w.stalled:
            if "wake" not in off:
                yield "wake", f"w{i} wakes up", work(s, i, stalled=False)
            if idle >= 0 and w.job == "own":
                t = work(s, i, job="shared")
                yield "pick", *take(t, idle, w.conv, "shared", off, f"the job of stalled w{i}: ")
        elif may(s, "stall"):
            yield "fault", f"w{i} stalls at '{w.pc}'", work(spend(s, "stall"), i, stalled=True)
        if may(s, "raise") and not w.stalled:  # PgQueuer deletes a job that raised
            t = work(spend(s, "raise"), i, job="gone" if w.job == "own" else w.job)
            yield "fault", f"w{i} raises at '{w.pc}', its job is deleted", end(t, i)
        if may(s, "crash") and not w.stalled:
            yield "fault", f"CRASH of w{i} at '{w.pc}'", end(spend(s, "crash"), i, dead=True)


def end(s: S, i: int, *, dead: bool = False) -> S:
    """The worker is idle (or a new one); deleting the job is not fenced."""
    w = s.ws[i]
    k = s.convs[w.conv]
    if w.job == "own" and dead:
        s = conv(s, w.conv, orphan=min(2, k.orphan + 1))
    if w.job == "shared":
        other = next(j for j, x in enumerate(s.ws) if j != i and x.job == "shared")
        s = work(s, other, job="own" if dead else "gone")
    return s._replace(ws=put(s.ws, i, type(w)()))
