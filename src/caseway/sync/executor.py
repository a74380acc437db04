"""Takes one owed step: notes it where a repeat could hurt, calls, and settles what came of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

import structlog

from caseway.domain.closure import Side
from caseway.domain.connection import Connection
from caseway.domain.conversation import Author, Hint, Own
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
    Claimed,
    Later,
    Linked,
    Looks,
    Never,
    Ticketing,
)
from caseway.sync.journal import Journal
from caseway.sync.lease import OwnClock
from caseway.sync.replies import Replies
from caseway.sync.waits import Waits

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Executor:
    looks: Looks
    claimed: Claimed
    ticketing: Ticketing
    connection: Connection
    replies: Replies
    clock: OwnClock
    journal: Journal
    waits: Waits

    async def take(self, step: Step, owed: Owed) -> Owed:
        """Returns what is owed after it. Raises `FencedOut` or `Overslept`."""
        owed = await self.replies.settle_last(owed)
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
                return await self.replies.send(step.delivery, owed)
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

    @property
    def writing(self) -> Writing:
        return self.connection.settings.writing

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
