"""Takes one owed step: notes it where a repeat could hurt, calls, and settles what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog

from caseway.domain.backoff import GIVE_UP_AFTER, backoff
from caseway.domain.closure import Side
from caseway.domain.connection import ChannelAccount, Connection
from caseway.domain.conversation import Author, Hint, Own
from caseway.domain.delivery import PATIENCE, UNSETTLED, Delivery, Event, State
from caseway.domain.ids import StatusId, remote_contact_id
from caseway.domain.plan import (
    FindContact,
    Lane,
    LookAgain,
    OpenCase,
    Owed,
    Send,
    Step,
    WriteActivities,
    WriteStatus,
)
from caseway.domain.remote import Made, NewActivity, NewCase, NewContact, Refused, Undecided
from caseway.domain.words import Writing
from caseway.ports import (
    Channel,
    Claimed,
    Later,
    Linked,
    Looks,
    Never,
    Outgoing,
    Paused,
    Ticketing,
)
from caseway.sync.journal import Journal
from caseway.sync.lease import OwnClock

log = structlog.get_logger()


@dataclass(slots=True)
class Waits:
    """Lanes that stopped in this run, when to come back, and what to read then."""

    lanes: set[Lane] = field(default_factory=set)
    retry_after: timedelta | None = None
    hints: int = 0
    again: bool = False  # something moved while we wrote: look again at once
    progressed: bool = False  # a step was done: a failure after it is the first in a row

    def later(self, lane: Lane, failure: Later) -> None:
        self.lanes.add(lane)
        asked = failure.retry_after
        if asked is not None:
            self.retry_after = max(self.retry_after or asked, asked)

    def also(self, *lanes: Lane) -> None:
        self.lanes.update(lanes)


@dataclass(frozen=True, slots=True)
class Executor:
    looks: Looks
    claimed: Claimed
    ticketing: Ticketing
    connection: Connection
    account: ChannelAccount
    channel: Channel
    clock: OwnClock
    journal: Journal
    waits: Waits
    chance: Callable[[], float]

    async def take(self, step: Step, owed: Owed) -> Owed:
        """Returns what is owed after it. Raises `FencedOut` or `Overslept`."""
        owed = await self.settle_last(owed)
        try:
            owed = await self._take(step, owed)
            self.waits.progressed |= step.lane not in self.waits.lanes
        except Later as failure:
            self.journal.note("creatio", str(step), str(failure), outcome="later")
            self.waits.later(step.lane, failure)
            self.waits.hints |= Hint.ACTIVITIES if failure.maybe_taken else 0
        except Never as refusal:
            await self._refused(step, str(refusal))
        return owed

    async def _take(self, step: Step, owed: Owed) -> Owed:
        match step:
            case Send():
                return await self._send(step.delivery, owed)
            case FindContact():
                return await self._find_contact(owed)
            case OpenCase():
                return await self._open_case(owed)
            case WriteActivities():
                return await self._write_activities(step.own, owed)
            case WriteStatus():
                return await self._write_status(step.side, step.status, owed)
            case LookAgain():
                return await self._look_again(owed)
            case unknown:
                assert_never(unknown)

    async def _refused(self, step: Step, reason: str) -> None:
        """Creatio refuses what all the rest depends on: visible, until a person replays."""
        self.journal.note("creatio", str(step), reason, outcome="refused")
        log.warning("step.refused", conversation=str(self.claimed.key.conversation))
        await self.looks.park(self.claimed, f"Creatio refuses to {step}: {reason}")
        self.waits.also(*Lane)

    # replies

    async def _send(self, before: Delivery, owed: Owed) -> Owed:
        recognises = self.channel.recognises_repeats(self.account)
        double = before.possible_double or (before.in_doubt and not recognises)
        now = datetime.now(tz=UTC)
        # The claim carries the next attempt's time: a message that kills us backs off too.
        claimed = replace(
            before.on(Event.CLAIMED),
            attempts=before.attempts + 1,
            possible_double=double,
            not_before=now + PATIENCE,
        )
        noted = owed.noted == before.id or await self.looks.note(self.claimed, before, claimed)
        if not noted:  # T4a; a receipt has settled it meanwhile
            return _settled(owed, before)
        # CRASH HERE: nothing has left; `sending` makes a later run ask again.
        self.clock.check()
        reason, remedy, tell = "", "", None
        try:
            if self.account.settings.paused_by:
                raise Paused(self.account.settings.paused_by)
            event = await self.channel.send(self.account, self._outgoing(before, marked=double))
        except Later as failure:
            reason, remedy = str(failure), failure.remedy
            old = now - before.owed_at > GIVE_UP_AFTER
            given_up = old and not isinstance(failure, Paused)
            event = (
                Event.REJECTED if given_up else before.unanswered(maybe_taken=failure.maybe_taken)
            )
            wait = failure.retry_after or backoff(claimed.attempts, chance=self.chance())
            # Given up and replayed one day, the next copy must still say what it may be.
            doubt = (failure.maybe_taken or before.in_doubt) and not recognises
            claimed = replace(claimed, not_before=now + wait, possible_double=double or doubt)
            self.waits.lanes.add(Lane.REPLIES)
        except Never as refusal:
            reason, event = str(refusal), Event.REJECTED
        # CRASH HERE: the customer may have it, we do not know; the repeat carries the same id.
        after = claimed.on(event)
        if after.state is State.FAILED:
            tell = self.writing.failure(before.text, reason, now)
        outcome = "done" if not reason else "refused" if tell else "later"
        deed = f"{'tried to send' if reason else 'sent'} reply, attempt {claimed.attempts}"
        self.journal.note(self.account.kind, deed, reason, outcome=outcome)
        if not reason and len(owed.deliveries) == 1:
            # Nothing stands behind it: settled with the release, unless a step comes before that.
            return replace(_settled(owed, before), last=after)
        renewed = await self._settle(after, f"{reason}. {remedy}" if remedy else reason, tell)
        if renewed is not None:
            return replace(renewed, write=owed.write, remote_contact=owed.remote_contact)
        if after.state in UNSETTLED:
            kept = tuple(after if d.id == after.id else d for d in owed.deliveries)
            return replace(owed, deliveries=kept)
        return _settled(owed, before)

    async def _settle(self, after: Delivery, reason: str, tell: str | None) -> Owed | None:
        return await self.looks.settle(  # T4b
            self.claimed, after, reason=reason, tell=tell, shown=self.shown
        )

    async def settle_last(self, owed: Owed) -> Owed:
        """What was sent and would have been settled with the release is settled now."""
        if owed.last is None:
            return owed
        await self._settle(owed.last, "", None)
        return replace(owed, last=None)

    @property
    def shown(self) -> bool:
        """Whether pages watch for what is delivered."""
        return self.account.kind == "widget"

    @property
    def writing(self) -> Writing:
        return self.connection.settings.writing

    def _outgoing(self, delivery: Delivery, *, marked: bool) -> Outgoing:
        return Outgoing(
            id=delivery.id,
            conversation=self.claimed.key.conversation,
            message=delivery.message,
            kind=delivery.kind,
            author=delivery.author,
            author_name=delivery.author_name,
            text=delivery.text,
            written_at=delivery.written_at,
            address=delivery.address,
            owed_at=delivery.owed_at,
            possible_double=marked,
        )

    # the case and its activities

    async def _find_contact(self, owed: Owed) -> Owed:
        opening = await self.looks.opening(self.claimed)
        self.clock.check()
        if opening.verified and (opening.email or opening.phone):
            found = await self.ticketing.find_contacts(email=opening.email, phone=opening.phone)
            if found:
                several = f"the most recent of {len(found)} that match" if len(found) > 1 else ""
                self.journal.note("creatio", f"found contact {found[0]}", several)
                await self.looks.keep_contact(self.claimed, found[0])
                return replace(owed, remote_contact=found[0])
        remote = remote_contact_id(owed.ledger.contact, owed.ledger.connection)
        name = self.writing.contact_name(opening.name, opening.email, opening.phone)
        self.clock.check()
        await self.ticketing.create_contact(NewContact(remote, name, opening.email, opening.phone))
        # CRASH HERE: found by its id when the next run creates it again.
        self.journal.note("creatio", f"created contact {remote}")
        await self.looks.keep_contact(self.claimed, remote)
        return replace(owed, remote_contact=remote)

    async def _open_case(self, owed: Owed) -> Owed:
        ledger, settings = owed.ledger, self.connection.settings
        if ledger.case is None:
            raise AssertionError("a case's id is chosen at intake")
        opening = await self.looks.opening(self.claimed)
        self.clock.check()
        made = await self.ticketing.create_case(
            NewCase(
                id=ledger.case,
                subject=self.writing.case_subject(opening.first_words, opening.channel_name),
                description=self.writing.case_description(
                    opening.first_words,
                    opening.channel_name,
                    str(ledger.key.conversation),
                    opening.earlier_number,
                ),
                contact=owed.remote_contact,
                origin=settings.origins.get(opening.channel_kind),
                priority=settings.priority_of(opening.channel_kind),
                owner=settings.owner,
                group=settings.group,
            )
        )
        # CRASH HERE: the case is found by its id in the next look.
        await self.looks.case_made(self.claimed, made.number)
        self.journal.note("creatio", f"created case {made.number or ledger.case}")
        after = replace(ledger, agreed=Side.OPEN, case_number=made.number)
        return replace(owed, ledger=after)

    async def _write_activities(self, own: tuple[Own, ...], owed: Owed) -> Owed:
        ledger = owed.ledger
        if ledger.case is None:
            raise AssertionError("no activity without a case")
        preface = ""
        if ledger.linked_through == 0:
            opening = await self.looks.opening(self.claimed)
            preface = self.writing.preface(
                verified=opening.verified,
                has_address=bool(opening.email or opening.phone),
                other_number=opening.other_number,
            )
        self.clock.check()
        new = [self._activity(o, owed, preface if o is own[0] else "") for o in own]
        written = await self.ticketing.create_activities(ledger.case, new)
        # CRASH HERE: each is found by its id in the next look.
        proven: list[tuple[Own, datetime | None]] = []
        refused: list[tuple[Own, str]] = []
        stamps_off = timedelta(0)
        for one, outcome in zip(own, written.outcomes, strict=True):
            match outcome:
                case Made():
                    proven.append((one, outcome.stamp))
                    stamps_off = max(stamps_off, outcome.stamps_off, key=abs)
                case Refused():
                    refused.append((one, outcome.reason))
                    self.journal.note(
                        "creatio",
                        f"create activity {one.activity}",
                        outcome.reason,
                        outcome="refused",
                    )
                case Undecided():
                    self._undecided(outcome)
                    break
        meaning = None if written.status is None else await self._meaning(written.status, owed)
        covered = bool(proven) and meaning is Side.OPEN
        after = await self.looks.link(  # T5
            self.claimed,
            Linked(tuple(proven), tuple(refused), written.status if covered else None, stamps_off),
            owed,
        )
        if proven:
            many = f"{len(proven)} {'activity' if len(proven) == 1 else 'activities'}"
            self.journal.note("creatio", f"created {many}")
        if covered and owed.write and owed.write[0] is Side.OPEN:
            # Somebody has reopened it; writing now could undo a closure to come.
            after = replace(after, write=None)
        elif proven and meaning is Side.RESOLVED and not owed.write:
            self.waits.hints |= Hint.CASE  # closed while we wrote
            self.waits.again = True
        return after

    def _undecided(self, outcome: Undecided) -> None:
        self.waits.lanes.add(Lane.ACTIVITIES)
        self.waits.hints |= Hint.ACTIVITIES
        self.journal.note("creatio", "create activities", outcome.reason, outcome="later")

    def _activity(self, own: Own, owed: Owed, preface: str) -> NewActivity:
        if owed.ledger.case is None:
            raise AssertionError("no activity without a case")
        return NewActivity(
            id=own.activity,
            case=owed.ledger.case,
            contact=owed.remote_contact if own.author is Author.CONTACT else None,
            title=self.writing.activity_title(own),
            text=self.writing.activity_text(own, preface),
            at=own.written_at,
            type_id=self.connection.settings.activity_type,
        )

    async def _meaning(self, status: StatusId, owed: Owed) -> Side:
        settings = self.connection.settings
        if settings.resolved_statuses:
            flagged = status in settings.resolved_statuses
        else:
            known = (await self.ticketing.statuses()).get(status)
            flagged = known is not None and known.flagged
        return Side.RESOLVED if flagged or status == owed.ledger.held_status else Side.OPEN

    # the status

    async def _write_status(self, side: Side, status: StatusId, owed: Owed) -> Owed:
        ledger = owed.ledger
        if ledger.case is None:
            raise AssertionError("no status without a case")
        self.clock.check()
        try:
            await self.ticketing.write_status(ledger.case, status)
        except Later:
            self.waits.hints |= Hint.CASE  # whether it worked is read, not remembered
            raise
        # CRASH HERE: the next read shows it.
        await self.looks.status_written(self.claimed, side, status, now=datetime.now(tz=UTC))  # T6
        self.journal.note("creatio", f"set the status: {side}")
        covered = ledger.covered_through
        if side is Side.OPEN:
            covered = max(covered, ledger.linked_through)
        after = replace(ledger, agreed=side, agreed_status=status, covered_through=covered)
        return replace(owed, ledger=after, write=None)

    async def _look_again(self, owed: Owed) -> Owed:
        ledger = owed.ledger
        if ledger.case is None:
            raise AssertionError("no look without a case")
        self.clock.check()
        status = await self.ticketing.case_status(ledger.case)
        again = replace(owed, looked_again=True)
        if status is not None and await self._meaning(status, owed) is Side.OPEN:
            self.journal.note("creatio", "read the case's status again", "it is open")
            return await self.looks.cover(self.claimed, again)
        self.waits.hints |= Hint.CASE
        self.waits.again = True
        return again


def _settled(owed: Owed, delivery: Delivery) -> Owed:
    left = tuple(d for d in owed.deliveries if d.id != delivery.id)
    return replace(owed, deliveries=left)
