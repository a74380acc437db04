"""The periodic question: what changed since the watermark?"""

from collections.abc import Iterator

from .state import Bounds, S, conv, may, spend
from .world import Step, trigger


def rows(s: S) -> list[tuple[str, int, int, int]]:
    """Activities as Creatio shows them: kind, number, stamp, conversation."""
    return [("m", i, x.stamp, x.conv) for i, x in enumerate(s.msgs) if x.made] + [
        ("r", i, x.stamp, x.conv) for i, x in enumerate(s.reps) if x.vis == 2
    ]


def sweep(s: S, b: Bounds, off: frozenset[str]) -> Iterator[Step]:
    if not b.sweep:
        return
    if not s.page:
        since = s.mark_ - (0 if "overlap" in off else b.overlap)
        found = tuple(
            (k, i, t)
            for k, i, t, _ in rows(s)
            if (t > since if "ge" in off else t >= since)
            and ("seen" in off or (k, i) not in s.seen)
        )
        moved = tuple(c for c, k in enumerate(s.convs) if k.swept == 1)
        if found or moved:
            t = s._replace(page=("read", found, moved))
            for c in moved:
                t = conv(t, c, swept=2)
            yield "sweep", "sweep reads what changed", t
        return
    step, found, moved = s.page
    if step == "kept":  # only for the mutation 'sweep_tx': watermark kept, triggers still to come
        yield "sweep", "sweep sets its marks", triggers(s._replace(page=()), found, moved, off)
        if may(s, "crash"):
            t = spend(s._replace(page=()), "crash")
            yield "fault", "CRASH of the sweep between watermark and marks", t
        return
    top = max([t for _, _, t in found], default=s.mark_)
    if "cap" not in off:
        top = min(top, s.clock)
    top = max(s.mark_, top)
    low = top - (0 if "overlap" in off else b.overlap)
    stamps = {(k, i): t for k, i, t, _ in rows(s)}
    seen = set(s.seen) | {(k, i) for k, i, _ in found}
    kept = tuple(sorted(x for x in seen if stamps[x] >= low)) if "seen" not in off else ()
    t = s._replace(mark_=top, seen=kept)
    for c in moved:
        if t.convs[c].swept == 2:
            t = conv(t, c, swept=0)
    if "sweep_tx" in off:
        yield "sweep", "sweep keeps its watermark alone", t._replace(page=("kept", found, moved))
    else:
        yield (
            "sweep",
            "sweep keeps rows, marks and watermark",
            triggers(t._replace(page=()), found, moved, off),
        )
    if may(s, "crash"):
        t = spend(s._replace(page=()), "crash")
        for c in moved:
            if t.convs[c].swept == 2:
                t = conv(t, c, swept=1)
        yield "fault", "CRASH of the sweep before it kept anything", t


def triggers(
    s: S, found: tuple[tuple[str, int, int], ...], moved: tuple[int, ...], off: frozenset[str]
) -> S:
    owners = set(moved)
    for k, i, _ in found:
        if k == "r" and not s.reps[i].debt:
            owners.add(s.reps[i].conv)
        if k == "m" and not s.msgs[i].linked:
            owners.add(s.msgs[i].conv)
        if "seen" in off:
            owners.add(s.reps[i].conv if k == "r" else s.msgs[i].conv)
    for c in sorted(owners):
        s = trigger(s, c, off)
    return s
