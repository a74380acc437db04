"""What one look means: pure. Both sides and the ledger go in, the rows to be written come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from caseway.domain.closure import Side, Verdict, merge, stale
from caseway.domain.conversation import TRANSITIONS, Ledger, Move, State
from caseway.domain.ids import ActivityId, StatusId
from caseway.domain.remote import Activity, Look, Status
from caseway.domain.reply_rule import ReplyRule, judge
from caseway.domain.stock import STATUS_REOPENED


class Known(StrEnum):
    """How an activity's id stands in our links."""

    PLANNED = "planned"  # ours, chosen beforehand, not yet proven
    LINKED = "linked"


class Outcome(StrEnum):
    """How a webhook event ended."""

    ACCEPTED = "accepted"
    IGNORED = "ignored"
    NOTHING_NEW = "nothing_new"
    HEALED = "healed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the administrator decided, and Creatio's own table of statuses."""

    statuses: Mapping[StatusId, Status]
    resolved_statuses: frozenset[StatusId]  # empty: those that are flagged
    resolved_status: StatusId | None  # what we write; None: nothing is written
    reopen_status: StatusId | None
    reply_rule: ReplyRule

    def flagged(self, status: StatusId) -> bool:
        if self.resolved_statuses:
            return status in self.resolved_statuses
        known = self.statuses.get(status)
        return known is not None and known.flagged

    def final(self, status: StatusId) -> bool:
        known = self.statuses.get(status)
        return known is not None and known.is_final

    def name(self, status: StatusId) -> str:
        known = self.statuses.get(status)
        return f"“{known.name}”" if known else str(status)


@dataclass(frozen=True, slots=True)
class Reply:
    activity: Activity
    text: str
    is_html: bool


@dataclass(frozen=True, slots=True)
class KeptBack:
    """An activity that is no reply, and the clause of the rule that says so."""

    activity: ActivityId
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the administrator's word."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """The rows that one look changes, all in one transaction. `after` is the conversation's."""

    after: Ledger
    echoes: tuple[ActivityId, ...] = ()
    replies: tuple[Reply, ...] = ()
    closing: bool = False  # the customer is owed the line that tells of the closure
    write: tuple[Side, StatusId] | None = None
    next_case: bool = False  # begin another case in this conversation
    judged: Judged | None = None
    park: str = ""
    kept_back: tuple[KeptBack, ...] = ()
    why: tuple[str, ...] = field(default=())


GONE: Final = (
    "The case no longer exists in Creatio. Nothing is mirrored from that: this conversation's "
    "sync has stopped until somebody looks. Restore the case, then replay."
)
EMPTIED: Final = (
    "Creatio shows no activity on this case, though we know of some. Nothing is mirrored from "
    "that: this conversation's sync has stopped until somebody looks."
)


def is_whole(look: Look) -> bool:
    """Whether an activity that this look does not show is not there."""
    return not look.case_only and look.since is None


def adopt(
    before: Ledger,
    look: Look,
    known: Mapping[ActivityId, Known],
    rules: Rules,
    *,
    now: datetime,
) -> Adoption:
    """Weigh a look against the ledger.

    `known`: what our links say of the activities read; of a whole look that shows none, one that
    should have been there.
    """
    echoes = tuple(a.id for a in look.activities if known.get(a.id) is Known.PLANNED)
    replies, kept_back = _replies(look, known, rules.reply_rule)
    if look.gone or look.status is None:
        if before.agreed is not None:
            return Adoption(before, park=GONE)
        # Not created yet: nothing to weigh, and a claim waits. What was read is an earlier case's.
        after, why = _answered(before, replies), ("there is no case yet",)
        return Adoption(after, echoes=echoes, replies=replies, kept_back=kept_back, why=why)
    if is_whole(look) and not look.activities and Known.LINKED in known.values():
        return Adoption(before, park=EMPTIED)
    ledger = _seen(before, look, replies)
    adopted = _close(ledger, look.status, rules, now=now)
    return replace(
        adopted,
        echoes=echoes,
        replies=replies,
        closing=before.state is not State.RESOLVED and adopted.after.state is State.RESOLVED,
        kept_back=kept_back,
    )


def _replies(
    look: Look, known: Mapping[ActivityId, Known], rule: ReplyRule
) -> tuple[tuple[Reply, ...], tuple[KeptBack, ...]]:
    replies: list[Reply] = []
    kept_back: list[KeptBack] = []
    for activity in sorted(look.activities, key=lambda a: (a.created_on, a.id)):
        if activity.id in known:
            continue
        verdict = judge(activity, rule)
        if verdict.text is None:
            kept_back.append(KeptBack(activity.id, verdict.reason))
        else:
            replies.append(Reply(activity, verdict.text, verdict.is_html))
    return tuple(replies), tuple(kept_back)


def _seen(before: Ledger, look: Look, replies: tuple[Reply, ...]) -> Ledger:
    """Positions and states that follow from having looked, before any closure is weighed."""
    after = before
    if look.number:
        after = replace(after, case_number=look.number)
    if before.agreed is None:
        after = replace(after, agreed=Side.OPEN)
    if look.activities:
        # Their stamps alone, and never one from the future: it would hide what comes next.
        newest = min(max(a.modified_on for a in look.activities), look.at)
        after = replace(after, read_through=max(newest, before.read_through or newest))
    return _answered(after, replies)


def _answered(before: Ledger, replies: tuple[Reply, ...]) -> Ledger:
    if not replies:
        return before
    return replace(before, state=TRANSITIONS[before.state][Move.ANSWERED], agent_replied=True)


def _close(ledger: Ledger, status: StatusId, rules: Rules, *, now: datetime) -> Adoption:
    flagged = rules.flagged(status)
    theirs = Side.RESOLVED if flagged or status == ledger.held_status else Side.OPEN
    if theirs is Side.OPEN:
        # What was linked before this look began has now been seen inside an open case.
        covered = max(ledger.covered_through, ledger.linked_through)
        ledger = replace(ledger, covered_through=covered)
    agreed = ledger.agreed or Side.OPEN
    old = ledger.claim is not None and stale(
        flagged=flagged, agreed=agreed, under_reopened_status=status == ledger.reopened_status
    )
    believed = ledger.claim is not None and not old
    verdict = merge(agreed, theirs, ledger.ours, claim=believed, waiting=ledger.waiting)
    passed_by = ledger.superseded and verdict.ours is Side.OPEN
    if passed_by:  # one conversation at a time is open: replies still go out, no status follows
        verdict = Verdict(Side.RESOLVED, Side.RESOLVED, hold=theirs is Side.OPEN)
    left_open = verdict.write is Side.RESOLVED and rules.resolved_status is None
    if left_open:  # resolved here, and no status is configured to be written
        verdict = Verdict(Side.RESOLVED, Side.RESOLVED, hold=True)
    write, target, next_case = None, None, False
    if verdict.write is Side.RESOLVED:
        target = rules.resolved_status
    elif verdict.write is Side.OPEN:
        target = ledger.last_open_status or rules.reopen_status or StatusId(STATUS_REOPENED)
        next_case = rules.final(status) or ledger.fuse_blown(now)
    if verdict.write and target and not next_case:
        write = (verdict.write, target)
    after = replace(
        ledger,
        state=_state(ledger, verdict.ours),
        agreed=verdict.agreed,
        # Of a held one as well: the sweep tells a reopening by a status other than this.
        agreed_status=status if verdict.agreed is theirs or verdict.hold else ledger.agreed_status,
        held_status=_held(ledger, verdict, status),
        reopened_status=_undone(
            ledger, verdict, status, target=target, believed=believed, was=agreed
        ),
        last_open_status=(
            status
            if verdict.ours is verdict.agreed is theirs is Side.OPEN
            else ledger.last_open_status
        ),
        left_open=left_open or (ledger.left_open and verdict.ours is Side.RESOLVED and not flagged),
        claim=None,
    )
    judged = None
    if ledger.claim is not None:
        judged = _judge(ledger, verdict, rules.name(status), old=old)
    why = _explain(agreed, theirs, ledger, verdict, rules.name(status), next_case=next_case)
    if passed_by:
        why = (f"the case is {rules.name(status)}, but the customer's next conversation is open",)
    return Adoption(after, write=write, next_case=next_case, judged=judged, why=why)


def _state(ledger: Ledger, ours: Side) -> State:
    if ours is Side.RESOLVED:
        return TRANSITIONS[ledger.state][Move.RESOLVED]
    if ledger.state is not State.RESOLVED:
        return ledger.state
    return TRANSITIONS[ledger.state][Move.RESUMED if ledger.agent_replied else Move.REOPENED]


def _held(ledger: Ledger, verdict: Verdict, status: StatusId) -> StatusId | None:
    if verdict.hold:
        return status
    return ledger.held_status if verdict.agreed is Side.RESOLVED else None


def _undone(
    ledger: Ledger,
    verdict: Verdict,
    status: StatusId,
    *,
    target: StatusId | None,
    believed: bool,
    was: Side,
) -> StatusId | None:
    """Under which status a closure was undone or overruled: a claim that names it is old."""
    if was is Side.RESOLVED and verdict.agreed is Side.OPEN:
        return status
    if verdict.write is Side.OPEN:
        return target
    if believed and verdict.overruled:
        return status
    return ledger.reopened_status


def _judge(ledger: Ledger, verdict: Verdict, status: str, *, old: bool) -> Judged:
    if old:
        return Judged(
            Outcome.IGNORED,
            f"The case's status is {status}, which does not mean closed: this word belongs to a "
            "closure that was undone since.",
        )
    if verdict.overruled:
        return Judged(
            Outcome.ACCEPTED,
            f"Overruled (status {status}): the customer wrote before we learned of the closure, "
            "so the conversation stays open.",
        )
    if ledger.state is State.RESOLVED:
        return Judged(Outcome.NOTHING_NEW, f"Already resolved. The case's status is {status}.")
    return Judged(Outcome.ACCEPTED, f"Resolved the conversation. The case's status is {status}.")


def _explain(
    agreed: Side, theirs: Side, ledger: Ledger, verdict: Verdict, status: str, *, next_case: bool
) -> tuple[str, ...]:
    if next_case:
        return (f"the customer writes on, but the case is {status} for good: a new case follows",)
    if verdict.write is Side.OPEN:
        return (f"the case is {status}, but the customer's message wins: the case is reopened",)
    if verdict.write is Side.RESOLVED:
        return ("resolved here: the case follows",)
    if verdict.ours is not ledger.ours:
        return (f"the case is {status}: the conversation is now {verdict.ours}",)
    if agreed is not verdict.agreed or theirs is not verdict.agreed:
        return (f"both sides agree on {verdict.agreed}; the case is {status}",)
    return ()
