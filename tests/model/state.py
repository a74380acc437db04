"""What the model remembers, and how much of everything may happen.

Two sides, the ledger, the queue and two workers, small enough to visit every state.
Epochs and clocks are folded into relations ("its claim is still the latest", "it overslept"),
so that equal situations are equal states.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Conv(NamedTuple):
    """One conversation: our row, its case in Creatio, its jobs."""

    ours: str = ""  # '' (not begun) | open | resolved
    agreed: str = ""  # the ledger: '' (no case agreed) | open | resolved
    held: str = ""  # status under which a claim of closure was honoured
    last_open: str = ""  # the status last read as open and agreed
    reopened: str = ""  # the status under which a closure was last undone or overruled
    claim: int = 0  # case_closed said so: 0 | 1 waiting | 2 taken by a run
    wants: bool = False  # a case is wanted (first message, or hand-off)
    mark: int = 0  # due: 0 no | 1 now | 2 later
    lease: int = 0  # 0 free | 1 held | 2 ran out, never released
    ready: int = 0  # jobs
    delayed: int = 0
    orphan: int = 0  # job of a dead worker
    status: str = ""  # the case in Creatio: '' none | o open | r flagged resolved | u odd
    made: int = 0  # how many cases were created
    swept: int = 0  # case changes not yet swept: 0 | 1 | 2 (in the sweep's hands)
    hook_new: int = 0  # webhooks under way
    hook_closed: int = 0
    prompt: bool = False  # ghost: a trigger since the last claim
    must: str = ""  # ghost: the last word, spoken knowing all: open | resolved | odd


class Msg(NamedTuple):
    """A customer's message and its activity."""

    conv: int = -1  # -1: not yet written
    linked: bool = False
    covered: bool = False  # a closure may end it: the case was seen open with it inside
    made: int = 0  # activities created for it
    stamp: int = -1
    open_once: bool = False  # ghost: the case was open while its activity was inside


class Rep(NamedTuple):
    """An agent's reply: activity, import and delivery in one."""

    conv: int = -1
    vis: int = 0  # 0 not written | 1 written, not yet visible | 2 visible
    stamp: int = -1
    debt: str = ""  # '' not imported | owed | sending | unknown | sent | failed
    extra: int = 0  # imported once more (only with the unique key switched off)


class W(NamedTuple):
    """A worker in the middle of a run."""

    pc: str = "idle"
    conv: int = 0
    job: str = ""  # own | shared (taken over from it while it stalled) | gone (deleted by another)
    fresh: bool = False  # its epoch is the row's
    stalled: bool = False
    over: bool = False  # its own clock says the lease is over
    claim: bool = False
    status: str = ""
    before: tuple[int, ...] = ()  # messages linked before the read began
    own: tuple[int, ...] = ()  # own activities seen
    reps: tuple[int, ...] = ()  # replies seen
    unc: bool = False  # only for the mutation 'row_lock'
    write: str = ""  # status to write: '' | open | resolved
    skip: tuple[str, ...] = ()  # lanes that answered "later" in this run
    arg: tuple[Any, ...] = ()  # what the step at `pc` needs, step by step another shape


class S(NamedTuple):
    convs: tuple[Conv, ...]
    msgs: tuple[Msg, ...]
    reps: tuple[Rep, ...]
    ws: tuple[W, ...]
    inbox: tuple[tuple[int, bool], ...] = ()  # what the customer got: (reply, marked as double)
    clock: int = 0  # Creatio's
    mark_: int = -1  # the watermark
    seen: tuple[tuple[str, int], ...] = ()
    page: tuple[Any, ...] = ()  # what the sweep has read and not yet kept
    intake: int = -1  # only for the mutation 'same_tx': kept, not yet triggered
    late_ok: bool = False  # ghost: the second reply was read before the first was visible
    left: tuple[int, ...] = ()  # what may still go wrong, in the order of FAULTS
    bad: str = ""  # a broken promise


FAULTS = (
    "crash",
    "stall",
    "lost",
    "double",
    "late",
    "equal",
    "future",
    "create",
    "send",
    "patch",
    "close",
    "odd",
    "reopen",
    "resolve",
    "never",
    "raise",
)


class Bounds(NamedTuple):
    name: str
    msgs: int = 1
    reps: int = 0
    convs: int = 1
    workers: int = 2
    idempotent: bool = True
    hooks: bool = True
    handoff: bool = False
    overlap: int = 2
    sweep: bool = True
    split: bool = False  # case and activities are read at different moments
    synced: bool = False  # begin with the first message already on both sides
    faults: Mapping[str, int] = MappingProxyType({})


def start(b: Bounds) -> S:
    convs = [Conv() for _ in range(b.convs)]
    msgs = [Msg() for _ in range(b.msgs)]
    clock = 0
    seen: tuple[tuple[str, int], ...] = ()
    mark = -1
    if b.synced:
        convs[0] = Conv(ours="open", agreed="open", wants=True, status="o", made=1, last_open="o")
        msgs[0] = Msg(0, True, True, 1, 0, True)
        clock, seen, mark = 1, (("m", 0),), 0
    return S(
        convs=tuple(convs),
        msgs=tuple(msgs),
        reps=tuple(Rep() for _ in range(b.reps)),
        ws=tuple(W() for _ in range(b.workers)),
        clock=clock,
        seen=seen,
        mark_=mark,
        left=tuple(b.faults.get(f, 0) for f in FAULTS),
    )


def spend(s: S, fault: str) -> S:
    i = FAULTS.index(fault)
    return s._replace(left=put(s.left, i, s.left[i] - 1))


def may(s: S, fault: str) -> bool:
    return s.left[FAULTS.index(fault)] > 0


def put(t: tuple[T, ...], i: int, x: T) -> tuple[T, ...]:
    return (*t[:i], x, *t[i + 1 :])


def conv(s: S, c: int, **changes: Any) -> S:
    return s._replace(convs=put(s.convs, c, s.convs[c]._replace(**changes)))


def msg(s: S, m: int, **changes: Any) -> S:
    return s._replace(msgs=put(s.msgs, m, s.msgs[m]._replace(**changes)))


def rep(s: S, r: int, **changes: Any) -> S:
    return s._replace(reps=put(s.reps, r, s.reps[r]._replace(**changes)))


def work(s: S, i: int, **changes: Any) -> S:
    return s._replace(ws=put(s.ws, i, s.ws[i]._replace(**changes)))
