"""Visits every state within the bounds; then asks of each whether it ends well."""

import sys
import time
from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from .queue import queue
from .run import steps
from .state import Bounds, S, start
from .sweep import sweep
from .world import Step, meaning, network, users

# Fair schedules: what a state does next when the weather is clear, by kind.
SCHEDULES = (
    ("wake", "run", "work", "late", "hook", "pick", "expire", "delay", "sweep", "heal"),
    ("late", "sweep", "hook", "wake", "run", "pick", "work", "expire", "delay", "heal"),
    ("expire", "pick", "run", "work", "delay", "wake", "late", "hook", "sweep", "heal"),
)


class Result(NamedTuple):
    states: int
    steps: int
    seconds: float
    whole: bool
    fault: str
    trace: list[str]


def successors(s: S, b: Bounds, off: frozenset[str]) -> Iterator[Step]:
    if s.bad:
        return
    yield from users(s, b, off)
    yield from network(s, b, off)
    yield from queue(s, off)
    yield from sweep(s, b, off)
    for i in range(len(s.ws)):
        yield from steps(s, i, b, off)


def canon(s: S) -> S:
    """Workers are alike: their order means nothing."""
    ws = s.ws
    return s if len(ws) < 2 or ws[0] <= ws[1] else s._replace(ws=(ws[1], ws[0]))


def broken(s: S) -> str:
    if s.bad:
        return s.bad
    for c, k in enumerate(s.convs):
        if k.prompt and k.mark != 1:
            return f"c{c}: a trigger since the last look has no mark that is due now"
    return ""


def owed(s: S) -> str:
    """In a state where nothing moves any more: what is wrong with it?"""
    for c, k in enumerate(s.convs):
        if k.mark or k.lease:
            return f"c{c} sleeps with mark {k.mark}, lease {k.lease}"
        if k.status and k.ours != meaning(s, c, k.status):
            return f"c{c} is {k.ours} here and '{k.status}' there"
        if k.must in ("open", "resolved") and k.must != k.ours:
            return f"c{c} ended {k.ours}, the last word was {k.must}"
    for m, x in enumerate(s.msgs):
        if x.conv >= 0 and s.convs[x.conv].wants:
            if x.made != 1 or not x.linked:
                return f"m{m} never became an activity"
            if not x.open_once:
                return f"m{m} was swallowed by a closed case"
    for r, y in enumerate(s.reps):
        if y.vis and y.debt not in ("sent", "failed"):
            return f"r{r} never reached the customer (state '{y.debt}')"
        if y.debt == "sent" and r not in [q for q, _ in s.inbox]:
            return f"r{r} noted as sent, never arrived"
    return ""


def check(
    b: Bounds, off: frozenset[str] = frozenset(), limit: int = 3_000_000, stop: float = 1e9
) -> Result:
    began = time.monotonic()
    first = canon(start(b))
    index: dict[S, int] = {first: 0}
    states = [first]
    parent = array("q", [-1])
    follow = [array("q", [-1]) for _ in SCHEDULES]
    rank = [{k: n for n, k in enumerate(order)} for order in SCHEDULES]
    at = count = 0
    whole = True
    while at < len(states):
        s = states[at]
        if wrong := broken(s):
            return Result(
                len(states),
                count,
                time.monotonic() - began,
                False,
                wrong,
                trace(states, parent, at, b, off),
            )
        best = [99] * len(SCHEDULES)
        for kind, _, t in successors(s, b, off):
            count += 1
            t = canon(t)
            n = index.get(t)
            if n is None:
                if len(states) >= limit or time.monotonic() - began > stop:
                    whole = False
                    n = -2
                else:
                    n = index[t] = len(states)
                    states.append(t)
                    parent.append(at)
                    for f in follow:
                        f.append(-1)
            if n != at and kind not in ("user", "fault"):
                for j, r in enumerate(rank):
                    if r[kind] < best[j]:
                        best[j] = r[kind]
                        follow[j][at] = n
        at += 1
    for f in follow:
        if found := ends(states, f):
            n, path, wrong = found
            story = [*trace(states, parent, n, b, off), "-- the weather clears --"]
            story += labels(states, path, b, off)
            return Result(len(states), count, time.monotonic() - began, whole, wrong, story)
    return Result(len(states), count, time.monotonic() - began, whole, "", [])


def ends(states: list[S], follow: "array[int]") -> tuple[int, list[int], str] | None:
    """Follows the fair schedule from every state; the first bad end, found in breadth-first order."""
    good = bytearray(len(states))  # 1: ends well, 2: on the path just walked
    for n in range(len(states)):
        path, at = [], n
        while at >= 0 and not good[at]:
            good[at] = 2
            path.append(at)
            if follow[at] == -1:
                if wrong := owed(states[at]):
                    return n, path, wrong
                break
            at = follow[at]
        else:
            if at >= 0 and good[at] == 2:
                return n, [*path, at], "goes round for ever"
        for p in path:
            good[p] = 1
    return None


def labels(states: list[S], path: list[int], b: Bounds, off: frozenset[str]) -> list[str]:
    out = []
    for a, z in pairwise(path):
        out.append(
            next((lab for _, lab, t in successors(states[a], b, off) if canon(t) == states[z]), "?")
        )
    return out


def trace(
    states: list[S], parent: "array[int]", at: int, b: Bounds, off: frozenset[str]
) -> list[str]:
    path = []
    while at >= 0:
        path.append(at)
        at = parent[at]
    return labels(states, path[::-1], b, off)


def show(r: Result) -> str:
    return "\n".join(f"      {n:2}. {line}" for n, line in enumerate(r.trace, 1))


if __name__ == "__main__":
    sys.exit("run `python3 -m model`")
