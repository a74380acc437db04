"""The bounds within which everything is visited, and the protections that are switched off."""

from typing import Any

from .state import Bounds


def bounds(name: str, **given: Any) -> Bounds:
    shape = {k: given.pop(k) for k in tuple(given) if k in Bounds._fields}
    return Bounds(name, **shape, faults=given)  # what is left names faults


ALL = {
    b.name: b
    for b in (
        bounds("out", msgs=2, hooks=False, crash=1, stall=1, create=1),
        bounds("out-2crashes", msgs=2, hooks=False, workers=1, handoff=True, crash=2, create=2),
        bounds("out-raise", msgs=1, hooks=False, stall=1, crash=1, **{"raise": 1}),
        bounds("in", reps=2, synced=True, crash=1, lost=1, late=1, send=1),
        bounds("in-stall", reps=1, synced=True, crash=1, stall=1, double=1, send=1),
        bounds(
            "in-bare", reps=2, synced=True, idempotent=False, hooks=False, crash=1, stall=1, send=1
        ),
        bounds(
            "in-bare-2",
            reps=1,
            synced=True,
            idempotent=False,
            hooks=False,
            crash=2,
            stall=1,
            send=2,
            never=1,
        ),
        bounds(
            "sweep", reps=3, synced=True, hooks=False, workers=1, crash=1, late=1, equal=1, future=1
        ),
        bounds("echo", msgs=2, reps=1, synced=True, workers=1, crash=1, create=1, send=1),
        bounds("closure", msgs=2, synced=True, workers=1, split=True, close=2, reopen=1, double=1),
        bounds(
            "closure-next", msgs=3, synced=True, workers=1, convs=2, split=True, close=1, crash=1
        ),
        bounds(
            "closure-fail",
            msgs=2,
            synced=True,
            workers=1,
            split=True,
            close=1,
            reopen=1,
            crash=1,
            lost=1,
            patch=1,
            create=1,
        ),
        bounds(
            "closure-odd",
            msgs=2,
            synced=True,
            workers=1,
            split=True,
            odd=1,
            close=1,
            reopen=1,
            crash=1,
            double=1,
        ),
        bounds(
            "closure-here",
            msgs=2,
            synced=True,
            workers=1,
            split=True,
            resolve=1,
            close=1,
            reopen=1,
            crash=1,
            patch=1,
        ),
        bounds(
            "closure-stall", msgs=1, synced=True, split=True, resolve=1, close=1, reopen=1, stall=1
        ),
        bounds(
            "closure-odd-2",
            msgs=1,
            synced=True,
            workers=1,
            split=True,
            odd=2,
            reopen=1,
            double=1,
            crash=1,
        ),
        bounds("all-small", msgs=2, reps=1, synced=True, crash=1, close=1, send=1),
    )
}

out1 = bounds("1 message", hooks=False, crash=1, create=1, workers=1)
out2 = bounds("2 messages", msgs=2, hooks=False, create=1, workers=1)
late = bounds("late row", reps=2, synced=True, hooks=False, workers=1, late=1)
tiny = bounds("1 reply, stall", reps=1, synced=True, hooks=False, stall=1)
bare = bounds("1 reply, bare", reps=1, synced=True, idempotent=False, hooks=False, crash=1, stall=1)
bare2 = bounds(
    "2 replies, bare", reps=2, synced=True, idempotent=False, hooks=False, stall=1, send=1
)
raised = bounds("job raises", hooks=False, workers=1, **{"raise": 1})
lost2 = bounds("stale deletes job", hooks=False, stall=1, crash=1)
shut = bounds(
    "closure, small", msgs=2, synced=True, workers=1, split=True, close=1, reopen=1, double=1
)
odd = bounds("odd status", msgs=2, synced=True, workers=1, split=True, odd=1, reopen=1, double=1)
equal = bounds("equal times", reps=2, synced=True, hooks=False, workers=1, equal=1)
calm = bounds("nothing fails, bare", reps=1, synced=True, idempotent=False)
held = bounds("trigger while busy", msgs=2, hooks=False)

# (protections switched off together, bounds, shall the checker notice?)
MUTATIONS = (
    ("echo", out1, True),
    ("preset_id", out1, True),
    ("same_tx", out1, True),
    ("clear_first", out2, True),
    ("due_now", out2, True),
    ("retry_tx", out1, True),
    ("retry_split", ALL["out"], False),
    ("lookup", ALL["out"], False),
    ("adopt", ALL["out"], False),
    ("lookup adopt", out1, True),
    ("rerun", held, False),
    ("busy", held, False),
    ("rerun busy", held, False),
    ("rerun busy heal_mark", held, True),
    ("heal_mark", raised, True),
    ("heal_lease", raised, True),
    ("heal_lease", lost2, True),
    ("lock", calm, True),
    ("fence", ALL["closure-stall"], True),
    ("fence", tiny, False),
    ("fence", bare2, True),
    ("unique_reply", ALL["in-stall"], False),
    ("unique_reply fence", tiny, True),
    ("deadline", ALL["closure-stall"], True),
    ("deadline", bare, True),
    ("note_first", bare, True),
    ("order", ALL["in"], True),
    ("overlap", late, True),
    ("seen", late, True),
    ("ge", equal, False),
    ("ge overlap", equal, True),
    ("cap", ALL["sweep"], True),
    ("sweep_tx", late._replace(faults={"crash": 1}), True),
    ("cover", shut, True),
    ("row_lock", ALL["closure-next"], False),
    ("raced", ALL["closure-next"], False),
    ("row_lock raced", ALL["closure-next"], True),
    ("fresh_write", ALL["closure"], True),
    ("look", ALL["closure-fail"], True),
    ("judged", ALL["closure"], True),
    ("claim_stale", shut, True),
    ("claim_start", odd, True),
)
