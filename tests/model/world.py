"""Everything around the workers: customer, agent, webhooks, clock.

Each action yields (kind, label, next state). Kinds: user and fault actions stop when the weather
clears; all others go on until nothing is left to do.
"""

from collections.abc import Iterator

from .state import Bounds, S, conv, may, msg, rep, spend

Step = tuple[str, str, S]


def flagged(status: str) -> bool:
    return status == "r"


def trigger(s: S, c: int, off: frozenset[str]) -> S:
    """One transaction with its reason: mark the conversation, a job if it was not due now."""
    k = s.convs[c]
    if k.mark == 1 or (k.mark == 2 and "due_now" in off):
        return conv(s, c, prompt=True)
    return conv(s, c, mark=1, ready=1, prompt=True)


def meaning(s: S, c: int, status: str) -> str:
    return "resolved" if flagged(status) or status == s.convs[c].held else "open"


def mine(s: S, c: int) -> list[int]:
    return [m for m, x in enumerate(s.msgs) if x.conv == c]


def tick(s: S) -> S:
    return s._replace(clock=s.clock + 1)


def room(s: S, b: Bounds) -> bool:
    """No row stays invisible for longer than the overlap: the assumption behind the sweep."""
    return all(r.vis != 1 or r.stamp > s.clock - b.overlap for r in s.reps)


def users(s: S, b: Bounds, off: frozenset[str]) -> Iterator[Step]:
    for m, x in enumerate(s.msgs):
        if x.conv >= 0:
            continue
        c = next((i for i, k in enumerate(s.convs) if k.ours != "resolved"), -1)
        if c >= 0 and s.intake < 0:
            t = msg(s, m, conv=c)
            k = s.convs[c]
            t = conv(t, c, ours="open", wants=k.wants or not b.handoff, must="")
            if "same_tx" in off:
                yield "user", f"customer writes m{m}: kept (job to follow)", t._replace(intake=c)
            else:
                yield "user", f"customer writes m{m}: kept, marked, job", trigger(t, c, off)
        break
    for c, k in enumerate(s.convs):
        if b.handoff and k.ours == "open" and not k.wants:
            yield "user", f"hand-off of c{c}", trigger(conv(s, c, wants=True), c, off)
        if k.ours == "open" and may(s, "resolve"):
            t = conv(spend(s, "resolve"), c, ours="resolved", must="")
            for m, x in enumerate(t.msgs):  # our own closure covers all that was kept before it
                if x.conv == c:
                    t = msg(t, m, covered=True, open_once=True)
            yield "user", f"c{c} resolved here", trigger(t, c, off)
        if not k.status:
            continue
        hook = {"hook_closed": min(2, k.hook_closed + 1)} if b.hooks else {}
        calm = informed(s, c)
        if k.status == "o" and may(s, "close"):
            t = conv(
                spend(s, "close"), c, status="r", swept=1, **hook, must="resolved" if calm else ""
            )
            yield "user", f"agent resolves case c{c}", t
        if k.status == "o" and may(s, "odd") and b.hooks:
            t = conv(
                spend(s, "odd"),
                c,
                status="u",
                swept=1,
                **hook,
                must="odd" if calm and not (k.hook_closed or k.claim) else "",
            )
            yield "user", f"agent puts case c{c} into an unflagged closing status", t
        if k.status in "ru" and may(s, "reopen"):
            seen_shut = k.ours == k.agreed == "resolved"
            t = conv(spend(s, "reopen"), c, status="o", swept=1, must="open" if seen_shut else "")
            t = opened(t, c)
            yield "user", f"agent reopens case c{c}", t
        r = next((i for i, x in enumerate(s.reps) if x.vis == 0), -1)
        if r >= 0 and c == max(i for i, x in enumerate(s.convs) if x.status) and room(s, b):
            base = rep(s, r, conv=c, stamp=s.clock)
            yield "user", f"agent writes r{r}", tick(visible(base, r, b))
            if may(s, "late"):
                yield (
                    "user",
                    f"agent writes r{r}, commit delayed",
                    spend(tick(rep(base, r, vis=1)), "late"),
                )
            if may(s, "equal") and s.clock:
                yield (
                    "user",
                    f"agent writes r{r}, same time as the last row",
                    spend(visible(rep(base, r, stamp=s.clock - 1), r, b), "equal"),
                )
            if may(s, "future"):
                yield (
                    "user",
                    f"agent writes r{r}, stamped in the future",
                    spend(tick(visible(rep(base, r, stamp=s.clock + 9), r, b)), "future"),
                )


def informed(s: S, c: int) -> bool:
    """Ghost: whoever closes the case now has seen all there is, so the closure must last."""
    k = s.convs[c]
    if not k.ours == k.agreed == "open":
        return False
    ours = [x for x in s.msgs if x.conv == c]
    rest = not (k.lease or k.mark or k.ready or k.delayed or k.orphan or k.hook_new)
    return all(x.covered for x in ours) or (rest and all(x.linked for x in ours))


def opened(s: S, c: int) -> S:
    """Ghost: messages inside an open case have been seen open."""
    for m, x in enumerate(s.msgs):
        if x.conv == c and x.made:
            s = msg(s, m, open_once=True)
    return s


def visible(s: S, r: int, b: Bounds) -> S:
    s = rep(s, r, vis=2)
    c = s.reps[r].conv
    return conv(s, c, hook_new=min(2, s.convs[c].hook_new + 1)) if b.hooks else s


def network(s: S, b: Bounds, off: frozenset[str]) -> Iterator[Step]:
    for r, x in enumerate(s.reps):
        if x.vis == 1:
            yield "late", f"r{r} becomes visible", visible(s, r, b)
    if s.intake >= 0:
        yield "hook", "intake: mark and job", trigger(s._replace(intake=-1), s.intake, off)
        if may(s, "crash"):
            yield (
                "fault",
                "CRASH of the intake between keeping and enqueueing",
                spend(s._replace(intake=-1), "crash"),
            )
    for c, k in enumerate(s.convs):
        if k.hook_new:
            t = conv(s, c, hook_new=k.hook_new - 1)
            yield "hook", f"webhook new_activity c{c}: kept, marked", trigger(t, c, off)
            if may(s, "lost"):
                yield "fault", f"webhook new_activity c{c} lost", spend(t, "lost")
            if may(s, "double"):
                yield (
                    "fault",
                    f"webhook new_activity c{c} doubled",
                    trigger(spend(s, "double"), c, off),
                )
        if k.hook_closed:
            t = conv(s, c, hook_closed=k.hook_closed - 1)
            if may(s, "lost"):
                yield "fault", f"webhook case_closed c{c} lost", spend(t, "lost")
            said = {"claim": 1, "must": "resolved" if k.must == "odd" else k.must}
            yield (
                "hook",
                f"webhook case_closed c{c}: claim kept, marked",
                trigger(conv(t, c, **said), c, off),
            )
            if may(s, "double"):
                yield (
                    "fault",
                    f"webhook case_closed c{c} doubled",
                    trigger(spend(conv(s, c, **said), "double"), c, off),
                )
