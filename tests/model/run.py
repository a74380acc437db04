"""A worker's run, one transaction or one remote call at a time.

Between any two steps the worker may die, stall and wake up; those are the crash points.
"""

from collections.abc import Iterator

from .calls import patch, post, postpone, send, settle_patch, settle_post, settle_send
from .decide import Verdict, merge, stale
from .queue import end, leave
from .state import Bounds, Conv, S, conv, msg, rep, work
from .world import Step, flagged, meaning, mine, trigger


def steps(s: S, i: int, b: Bounds, off: frozenset[str]) -> Iterator[Step]:
    """Our own transactions that follow one another without a remote call are one step."""
    say = f"w{i} "
    for kind, label, t in once(s, i, b, off):
        while t.ws[i].pc == "next":
            more, t = choose(t, i, b, off, "")
            label += "; " + more
        yield ("run" if kind == "work" and s.ws[i].fresh else kind), say + label, t


def once(s: S, i: int, b: Bounds, off: frozenset[str]) -> Iterator[Step]:
    w = s.ws[i]
    if w.pc == "idle" or w.stalled:
        return
    c, k = w.conv, s.convs[w.conv]
    fenced = w.fresh or "fence" in off
    say = ""
    if (
        w.pc in ("send", "post", "patch", "look", "case", "acts")
        and w.over
        and "deadline" not in off
    ):
        yield "work", say + "overslept: no more calls", leave(s, i, again=True)
        return
    match w.pc:
        case "case" if not b.split:
            before = tuple(m for m in mine(s, c) if s.msgs[m].linked)
            unc = any(not s.msgs[m].covered for m in mine(s, c))
            own = tuple(m for m in mine(s, c) if s.msgs[m].made)
            reps = tuple(
                r for r, x in enumerate(s.reps) if x.conv == c and x.vis == 2 and not x.debt
            )
            yield (
                "work",
                say + f"reads case '{k.status}', own {own}, new replies {reps}",
                work(s, i, pc="adopt", status=k.status, before=before, unc=unc, own=own, reps=reps),
            )
        case "case":  # GET case, then GET activities: one $batch, in this order
            before = tuple(m for m in mine(s, c) if s.msgs[m].linked)
            unc = any(not s.msgs[m].covered for m in mine(s, c))
            yield (
                "work",
                say + f"reads the case: '{k.status}'",
                work(s, i, pc="acts", status=k.status, before=before, unc=unc),
            )
        case "acts":
            own = tuple(m for m in mine(s, c) if s.msgs[m].made)
            reps = tuple(
                r for r, x in enumerate(s.reps) if x.conv == c and x.vis == 2 and not x.debt
            )
            yield (
                "work",
                say + f"reads activities: own {own}, new replies {reps}",
                work(s, i, pc="adopt", own=own, reps=reps),
            )
        case "send":
            yield from send(s, i, b, say)
        case "post":
            yield from post(s, i, off, say)
        case "patch":
            yield from patch(s, i, say)
        case "look":
            yield (
                "work",
                say + f"looks at the case again: '{k.status}'",
                work(s, i, pc="looked", arg=(k.status,)),
            )
        case _ if not fenced:
            yield "work", say + "has lost its epoch: stops, deletes its job", end(s, i)
        case "adopt":
            yield "work", *adopt(s, i, off, say)
        case "sent":
            yield from settle_send(s, i, off, say)
        case "posted":
            yield from settle_post(s, i, off, say)
        case "patched":
            yield from settle_patch(s, i, off, say)
        case "looked":
            t = work(s, i, pc="next", arg=())
            if meaning(s, c, w.arg[0]) == "open":
                for m in mine(s, c):
                    if s.msgs[m].linked:
                        t = msg(t, m, covered=True)
            else:
                t = trigger(t, c, off)
                t = work(t, i, pc="next", arg=("looked",))
            yield "work", say + "notes what it saw", t
        case "retry":  # only for the mutation 'retry_split'
            yield "work", say + "enqueues the retry afterwards", work(postpone(s, c), i, pc="next")


def adopt(s: S, i: int, off: frozenset[str], say: str) -> tuple[str, S]:
    """T2, under the row's lock: echoes, replies with their debts, the table of closure."""
    w = s.ws[i]
    c = w.conv
    t = work(
        s, i, pc="next", write="", before=(), own=(), reps=(), unc=False, status="", claim=False
    )
    if w.status and not s.convs[c].agreed:
        if "adopt" in off or "preset_id" in off:
            return say + "does not know its own case", t
        t = conv(t, c, agreed="open", last_open="o")
    for m in w.own:
        if s.msgs[m].linked:
            continue
        if "echo" in off:
            t = t._replace(bad=f"echo: the customer's own m{m} is taken for a reply")
        elif "adopt" not in off and "preset_id" not in off:
            t = msg(t, m, linked=True)
    if w.status and meaning(s, c, w.status) == "open":
        for m in w.before:
            t = msg(t, m, covered=True)
    for r in w.reps:
        if t.reps[r].debt:
            if "unique_reply" in off:
                t = rep(t, r, extra=1)
            continue
        if any(
            q < r and x.conv == c and x.vis and not x.debt and q not in w.reps
            for q, x in enumerate(t.reps)
        ):
            t = t._replace(late_ok=True)
        t = rep(t, r, debt="owed")
    k = t.convs[c]
    if not w.status or not k.agreed:
        return say + "adopts: no case yet", t
    waiting = any(not t.msgs[m].covered for m in mine(t, c))
    if "row_lock" in off:
        waiting = w.unc
    if "cover" in off:  # the tempting rule: a closure may end whatever has its activity
        waiting = any(not t.msgs[m].linked for m in mine(t, c))
    if "claim_start" in off:
        w = w._replace(claim=bool(k.claim))
    believed = w.claim and (
        "claim_stale" in off
        or not stale(
            flagged=flagged(w.status), status=w.status, agreed=k.agreed, reopened=k.reopened
        )
    )
    theirs = meaning(t, c, w.status)
    if "raced" in off and k.agreed == theirs == k.ours == "resolved":
        waiting = False
    v = merge(k.agreed, theirs, k.ours, claim=believed, waiting=waiting)
    agreed = v.agreed
    t = conv(
        t,
        c,
        ours=v.ours,
        agreed=agreed,
        held=w.status if v.hold else k.held if agreed == "resolved" else "",
        reopened=undone(k, v, w.status, off, believed=believed),
        last_open=w.status if v.ours == agreed == "open" and theirs == "open" else k.last_open,
        claim=0 if w.claim and (k.claim == 2 or "claim_start" in off) else k.claim,
    )
    t = work(t, i, write=v.write)
    return say + f"adopts; status {k.agreed}/{w.status}/{k.ours} -> {v.ours}, write '{v.write}'", t


def undone(k: Conv, v: Verdict, status: str, off: frozenset[str], *, believed: bool) -> str:
    """Under which status a closure was undone or overruled: a claim that names it is an old one."""
    if k.agreed == "resolved" and v.agreed == "open":
        return status
    if "judged" in off:
        return k.reopened
    if v.write == "open":
        return k.last_open  # what we are about to write
    return status if believed and v.drop else k.reopened


def choose(s: S, i: int, b: Bounds, off: frozenset[str], say: str) -> tuple[str, S]:
    """The next owed step: replies first, then activities, then the status, then a second look."""
    w = s.ws[i]
    c, k = w.conv, s.convs[w.conv]
    if w.over and "deadline" not in off:
        return say + "overslept: leaves", leave(s, i, again=True)
    owed = [
        r
        for r, x in enumerate(s.reps)
        if x.conv == c and (x.debt in ("owed", "sending", "unknown") or x.extra)
    ]
    if "order" in off:
        owed.reverse()
    if owed and "send" not in w.skip:
        x = s.reps[owed[0]]
        doubt = x.debt in ("sending", "unknown")
        t = work(s, i, pc="send", arg=(owed[0], doubt, doubt and not b.idempotent))
        if "note_first" not in off and not x.extra:
            t = rep(t, owed[0], debt="sending")
        return say + f"notes the attempt of r{owed[0]}", t
    if k.wants and "post" not in w.skip:
        if not k.agreed:
            return say + "is about to create the case", work(s, i, pc="post", arg=("case",))
        todo = next((m for m in mine(s, c) if not s.msgs[m].linked), -1)
        if todo >= 0:
            return say + f"is about to create the activity of m{todo}", work(
                s, i, pc="post", arg=(todo,)
            )
    if w.write and k.agreed and "patch" not in w.skip and k.ours == w.write:
        return say + f"is about to write status '{w.write}'", work(s, i, pc="patch", arg=(w.write,))
    if k.ours == "resolved" and k.agreed == "open" and "patch" not in w.skip and not w.write:
        return say + "is about to write status 'resolved'", work(
            s, i, pc="patch", arg=("resolved",)
        )
    unsure = "look" not in off and any(
        s.msgs[m].linked and not s.msgs[m].covered for m in mine(s, c)
    )
    if (
        unsure
        and w.arg != ("looked",)
        and k.ours == k.agreed == "open"
        and not w.write
        and ("cover" not in off)
    ):
        return say + "needs a second look", work(s, i, pc="look", arg=())
    return say + "releases", leave(s, i, off=off)
