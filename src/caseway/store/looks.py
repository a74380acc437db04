"""The store as a run sees it: every write is fenced by the run's epoch and commits whole."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4, uuid5

import asyncpg
import msgspec

from caseway.domain.adoption import Adoption, Known, Reply, is_whole
from caseway.domain.closure import Side
from caseway.domain.conversation import Hint, Ledger, State
from caseway.domain.delivery import Delivery
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ConversationKey,
    EventId,
    MessageId,
    RemoteContactId,
    StatusId,
    activity_id,
    case_id,
)
from caseway.domain.plan import Owed
from caseway.domain.remote import Look
from caseway.domain.sweeping import OVERLAP, overlap
from caseway.ports import Adopted, Claimed, FencedOut, JournalLine, Linked, Opening
from caseway.store import imports, rows
from caseway.store.queries import load
from caseway.store.queue import enqueue

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SQL: Final = load("looks")
LEASE: Final = timedelta(seconds=12)  # outlives a remote call (10 s); renewed every 3 s
MOST_STARTS: Final = 5
POISON: Final = (
    f"{MOST_STARTS} looks in a row began and never ended: something in this conversation stops "
    "the worker. Look at the log, then replay it."
)


class PostgresLooks:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, lease: timedelta = LEASE) -> None:
        self._pool = pool
        self._lease = lease

    async def claim(self, key: ConversationKey) -> Claimed | None:
        where = {"organisation": key.organisation, "conversation": key.conversation}
        row = await SQL["claim"].fetchrow(self._pool, **where, lease=self._lease)
        if row is None:
            await self._unclaimed(key)
            return None
        event = row["claim_event"]
        return Claimed(
            ledger=rows.ledger(row, claim=None if event is None else EventId(event)),
            epoch=row["lease_epoch"],
            hints=row["hints_taken"],
            starts=row["starts"],
            peer=row["peer"],
        )

    async def _unclaimed(self, key: ConversationKey) -> None:
        """Busy: a job for when the lease ends. Poisoned: parked. Otherwise nothing is due.

        A lease that ended since the claim was refused gets its job at once.
        """
        where = {"organisation": key.organisation, "conversation": key.conversation}
        async with self._pool.acquire() as connection, connection.transaction():
            row = await SQL["unclaimed"].fetchrow(connection, **where)
            if row is None or row["parked"] or row["free_at"] is None:
                return
            now = await connection.fetchval("SELECT clock_timestamp()")
            if row["starts"] >= MOST_STARTS and row["free_at"] <= now:
                await SQL["park"].execute(connection, **where, reason=POISON)
                return
            await SQL["defer"].execute(connection, **where, until=row["free_at"])
            await enqueue(connection, key, delay=max(row["free_at"] - now, timedelta(0)))

    async def renew(self, claimed: Claimed) -> bool:
        row = await SQL["renew"].fetchval(self._pool, **_fence(claimed), lease=self._lease)
        return row is not None

    @asynccontextmanager
    async def _fenced(self, claimed: Claimed) -> AsyncIterator[tuple["Connection", asyncpg.Record]]:
        """A transaction that holds the conversation's row. Raises `FencedOut`."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await SQL["fence"].fetchrow(connection, **_fence(claimed))
            if row is None:
                raise FencedOut(claimed.key)
            yield connection, row

    async def earlier_cases(self, claimed: Claimed) -> Sequence[CaseId]:
        found = await SQL["earlier_cases"].fetch(self._pool, **_where(claimed.key))
        return [CaseId(r["case_id"]) for r in found]

    async def load(self, claimed: Claimed) -> Owed:
        async with self._fenced(claimed) as (connection, row):
            return await self._owed(connection, rows.ledger(row))

    async def _owed(
        self,
        connection: "Connection",
        ledger: Ledger,
        write: tuple[Side, StatusId] | None = None,
    ) -> Owed:
        where = _where(ledger.key)
        unsettled = await SQL["unsettled"].fetch(connection, **where)
        own: list[asyncpg.Record] = []
        remote = None
        if ledger.owes_activities:
            own = await SQL["owed_own"].fetch(connection, **where)
            if ledger.case is None:
                case = await SQL["handed_over"].fetchval(
                    connection, **where, ordinal=ledger.case_ordinal
                )
                ledger = replace(ledger, case=case and CaseId(case))
        if ledger.owes_activities or (ledger.wants_case and ledger.agreed is None):
            remote = await SQL["remote_contact"].fetchval(
                connection,
                organisation=ledger.key.organisation,
                connection=ledger.connection,
                contact=ledger.contact,
            )
        return Owed(
            ledger=ledger,
            own=tuple(rows.own(r) for r in own),
            deliveries=tuple(rows.delivery(r) for r in unsettled),
            write=write,
            remote_contact=remote and RemoteContactId(remote),
        )

    async def adopt(
        self,
        claimed: Claimed,
        look: Look,
        decide: Callable[[Ledger, Mapping[ActivityId, Known]], Adoption],
        words: Callable[[Reply], str],
    ) -> Adopted:
        try:
            usual = await imports.adopt_usual(self._pool, claimed, look, decide, words)
            return usual or await self._adopt(claimed, look, decide, words)
        except asyncpg.UniqueViolationError:
            # The case passed from one conversation to another, which imported the reply first;
            # or the peer began its next conversation while this one was about to be reopened.
            return await self._adopt(claimed, look, decide, words)

    async def _adopt(
        self,
        claimed: Claimed,
        look: Look,
        decide: Callable[[Ledger, Mapping[ActivityId, Known]], Adoption],
        words: Callable[[Reply], str],
    ) -> Adopted:
        async with self._fenced(claimed) as (connection, row):
            before = rows.ledger(row, claim=claimed.ledger.claim)
            if before.state is State.RESOLVED:
                superseded = await SQL["superseded"].fetchval(connection, **_where(before.key))
                before = replace(before, superseded=superseded)
            known = await self._known(connection, before, look)
            adoption = decide(before, known)
            if adoption.park:
                await SQL["park"].execute(connection, **_where(before.key), reason=adoption.park)
                return Adopted(adoption, Owed(before, (), (), None, None))
            after = await self._keep(connection, claimed, before, look, adoption, words)
            owed = await self._owed(connection, after, adoption.write)
            return Adopted(adoption, owed)

    async def _known(
        self, connection: "Connection", ledger: Ledger, look: Look
    ) -> dict[ActivityId, Known]:
        if not look.activities:
            return await self._expected(connection, ledger) if is_whole(look) else {}
        found = await SQL["known"].fetch(
            connection,
            organisation=ledger.key.organisation,
            connection=ledger.connection,
            activities=[a.id for a in look.activities],
        )
        return {
            ActivityId(r["activity_id"]): Known.LINKED if r["linked"] else Known.PLANNED
            for r in found
        }

    async def _expected(self, connection: "Connection", ledger: Ledger) -> dict[ActivityId, Known]:
        """One activity that a case without any should show."""
        found = await SQL["one_linked"].fetchval(
            connection, **_where(ledger.key), ordinal=ledger.case_ordinal
        )
        return {} if found is None else {ActivityId(found): Known.LINKED}

    async def _keep(
        self,
        connection: "Connection",
        claimed: Claimed,
        before: Ledger,
        look: Look,
        adoption: Adoption,
        words: Callable[[Reply], str],
    ) -> Ledger:
        after = adoption.after
        organisation = after.key.organisation
        remote = {"organisation": organisation, "connection": after.connection}
        if adoption.echoes:
            await SQL["prove"].execute(
                connection,
                **remote,
                activities=list(adoption.echoes),
                created_on=[None] * len(adoption.echoes),
            )
            after = await self._advanced(connection, after)
        if adoption.replies or adoption.closing:
            new = imports.new_rows(claimed, look, replace(adoption, after=after), words)
            await imports.SQL["import_replies"].execute(connection, **new.parameters, **new.authors)
            many = len(adoption.replies) + adoption.closing
            after = replace(after, last_position=after.last_position + many)
        if adoption.next_case:
            after = await self._next_case(connection, after)
        if adoption.judged and claimed.ledger.claim:
            await SQL["judge_event"].execute(
                connection,
                organisation=organisation,
                event=claimed.ledger.claim,
                outcome=adoption.judged.outcome,
                reason=adoption.judged.reason,
            )
        if adoption.write or after != before:
            await self._write(connection, after, claimed.ledger.claim, write=adoption.write)
        return after

    async def _advanced(self, connection: "Connection", after: Ledger) -> Ledger:
        """The prefix of messages that have their activity, after echoes were adopted."""
        left = await SQL["owed_own"].fetch(connection, **_where(after.key))
        through = left[0]["position"] - 1 if left else after.last_own_position
        return replace(after, linked_through=max(after.linked_through, through))

    async def _next_case(self, connection: "Connection", after: Ledger) -> Ledger:
        """Give the case up and plan another, for the messages that no closure may end."""
        if after.case is not None:
            await SQL["give_up_case"].execute(
                connection,
                organisation=after.key.organisation,
                connection=after.connection,
                case_id=after.case,
                conversation=after.key.conversation,
                ordinal=after.case_ordinal,
                number=after.case_number,
            )
        ordinal = after.case_ordinal + 1
        # Also what we covered by resolving it here, and could not write before it was closed.
        settled = min(after.linked_through, after.covered_through)
        waiting = await SQL["messages_after"].fetch(
            connection, **_where(after.key), position=settled
        )
        messages = [MessageId(r["id"]) for r in waiting]
        await SQL["replan_links"].execute(
            connection,
            organisation=after.key.organisation,
            connection=after.connection,
            conversation=after.key.conversation,
            messages=messages,
            activities=[activity_id(m, ordinal) for m in messages],
            ordinal=ordinal,
        )
        return replace(
            after,
            case=case_id(after.key.conversation, ordinal),
            case_ordinal=ordinal,
            case_number="",
            agreed=None,
            agreed_status=None,
            last_open_status=None,
            held_status=None,
            reopened_status=None,
            reopenings=(),
            linked_through=settled,
            read_through=None,
        )

    async def _write(
        self,
        connection: "Connection",
        after: Ledger,
        claim: EventId | None,
        *,
        write: tuple[Side, StatusId] | None,
    ) -> None:
        # What is to be written follows from no row: until it is written, look again.
        hints = Hint.CASE if write else 0
        await SQL["write_conversation"].execute(
            connection,
            **_where(after.key),
            state=after.state,
            case_id=after.case,
            case_ordinal=after.case_ordinal,
            case_number=after.case_number,
            agreed=after.agreed,
            agreed_status=after.agreed_status,
            last_open_status=after.last_open_status,
            held_status=after.held_status,
            reopened_status=after.reopened_status,
            left_open=after.left_open,
            agent_replied=after.agent_replied,
            reopenings=list(after.reopenings),
            claim=claim,
            last_position=after.last_position,
            linked_through=after.linked_through,
            covered_through=after.covered_through,
            read_through=after.read_through,
            hints_taken=hints,
        )

    async def note(self, claimed: Claimed, before: Delivery, after: Delivery) -> bool:
        number = await SQL["note_attempt"].fetchval(
            self._pool,
            **_fence(claimed),
            delivery=after.id,
            was=before.state,
            number=after.attempts,
            not_before=after.not_before,
            possible_double=after.possible_double,
        )
        return number is not None

    async def settle(
        self,
        claimed: Claimed,
        after: Delivery,
        *,
        reason: str,
        tell: str | None,
        shown: bool,
    ) -> Owed | None:
        values = {
            "delivery": after.id,
            "number": after.attempts,
            "becomes": after.state,
            "not_before": after.not_before,
            "reason": reason,
            "possible_double": after.possible_double,
            "wake": str(claimed.key.conversation) if shown else None,
        }
        if tell is None:
            await SQL["settle_attempt"].fetchrow(self._pool, **_fence(claimed), **values)
            return None
        async with self._fenced(claimed) as (connection, row):
            settled = await SQL["settle_attempt"].fetchrow(connection, **_fence(claimed), **values)
            ledger = rows.ledger(row)
            if settled is None:
                return await self._owed(connection, ledger)
            message = MessageId(uuid5(after.id, f"failure/{after.attempts}"))
            position = ledger.last_position + 1
            await SQL["tell_failure"].execute(
                connection,
                organisation=claimed.key.organisation,
                connection=ledger.connection,
                conversation=claimed.key.conversation,
                channel=ledger.channel,
                peer=claimed.peer,
                message=message,
                activity=activity_id(message, ledger.case_ordinal),
                position=position,
                ordinal=ledger.case_ordinal,
                text=tell,
            )
            return await self._owed(
                connection, replace(ledger, last_position=position, last_own_position=position)
            )

    async def settle_and_release(
        self,
        claimed: Claimed,
        after: Delivery,
        *,
        shown: bool,
        durable: bool,
        begun_at: datetime,
        steps: Sequence[JournalLine],
    ) -> bool:
        row = await SQL["settle_and_release"].fetchrow(
            self._pool,
            **_fence(claimed),
            **_journal(claimed, begun_at, steps, hints_left=0),
            delivery=after.id,
            number=after.attempts,
            becomes=after.state,
            not_before=after.not_before,
            possible_double=after.possible_double,
            wake=str(claimed.key.conversation) if shown else None,
            durable=durable,
        )
        if row is None or not row["mine"]:
            raise FencedOut(claimed.key)
        return bool(row["released"])

    async def opening(self, claimed: Claimed) -> Opening:
        row = await SQL["opening"].fetchrow(self._pool, **_where(claimed.key))
        if row is None:
            raise FencedOut(claimed.key)
        return Opening(
            name=row["name"],
            email=row["email"],
            phone=row["phone"],
            verified=row["verified"],
            channel_kind=row["kind"],
            channel_name=row["channel_name"],
            first_words=row["first_words"] or "",
            earlier_number=row["earlier_number"] or "",
            other_number=row["other_number"] or "",
        )

    async def keep_contact(self, claimed: Claimed, remote: RemoteContactId) -> None:
        async with self._fenced(claimed) as (connection, row):
            await SQL["keep_contact"].execute(
                connection,
                organisation=claimed.key.organisation,
                connection=row["connection_id"],
                contact=row["contact_id"],
                remote=remote,
            )

    async def case_made(self, claimed: Claimed, number: str) -> None:
        if not await SQL["case_made"].fetchval(self._pool, **_fence(claimed), number=number):
            raise FencedOut(claimed.key)

    async def link(self, claimed: Claimed, linked: Linked, owed: Owed) -> Owed:
        async with self._fenced(claimed) as (connection, row):
            ledger = rows.ledger(row)
            remote = {"organisation": ledger.key.organisation, "connection": ledger.connection}
            await SQL["prove"].execute(
                connection,
                **remote,
                activities=[own.activity for own, _ in linked.proven],
                created_on=[stamp for _, stamp in linked.proven],
            )
            if overlap(linked.stamps_off) > OVERLAP:
                await SQL["widen"].execute(connection, **remote, overlap=overlap(linked.stamps_off))
            for own, reason in linked.refused:
                await SQL["refuse"].execute(
                    connection, **remote, activity=own.activity, reason=reason
                )
            done = [own for own, _ in (*linked.proven, *linked.refused)]
            left = owed.without(done).own
            # What arrived since this run began is not in `left`, and not linked either.
            last = owed.own[-1].position if owed.own else ledger.linked_through
            through = left[0].position - 1 if left else last
            through = max(through, ledger.linked_through)
            covered = through if linked.open_status else ledger.covered_through
            await SQL["advance"].execute(
                connection,
                **_where(claimed.key),
                linked_through=through,
                covered_through=covered,
                open_status=linked.open_status if ledger.ours is Side.OPEN else None,
            )
            after = replace(
                ledger,
                linked_through=through,
                covered_through=max(covered, ledger.covered_through),
            )
            return replace(owed.without(done), ledger=after)

    async def cover(self, claimed: Claimed, owed: Owed) -> Owed:
        through = owed.ledger.linked_through
        async with self._fenced(claimed) as (connection, _row):
            await SQL["advance"].execute(
                connection,
                **_where(claimed.key),
                linked_through=0,
                covered_through=through,
                open_status=None,
            )
        return replace(owed, ledger=replace(owed.ledger, covered_through=through))

    async def status_written(
        self, claimed: Claimed, side: Side, status: StatusId, *, now: datetime
    ) -> None:
        written = await SQL["status_written"].fetchval(
            self._pool,
            **_fence(claimed),
            agreed=side,
            status=status,
            reopened=side is Side.OPEN,
            now=now,
        )
        if not written:
            raise FencedOut(claimed.key)

    async def release(
        self,
        claimed: Claimed,
        *,
        hints_left: int,
        failures: int,
        wait: timedelta | None,
        begun_at: datetime,
        steps: Sequence[JournalLine],
    ) -> None:
        journal = _journal(claimed, begun_at, steps, hints_left)
        if wait is None and not failures:
            quiet = await SQL["release_quiet"].fetchval(self._pool, **_fence(claimed), **journal)
            if quiet:
                return
        async with self._pool.acquire() as connection, connection.transaction():
            row = await SQL["release"].fetchrow(
                connection,
                **_fence(claimed),
                **journal,
                failures=failures,
                wait=wait,
            )
            if row is not None and row["due_at"] is not None:
                await enqueue(connection, claimed.key, delay=row["delay"])

    async def park(self, claimed: Claimed, reason: str) -> None:
        async with self._fenced(claimed) as (connection, _row):
            await SQL["park"].execute(connection, **_where(claimed.key), reason=reason)


def _where(key: ConversationKey) -> dict[str, UUID]:
    return {"organisation": key.organisation, "conversation": key.conversation}


def _journal(
    claimed: Claimed, begun_at: datetime, steps: Sequence[JournalLine], hints_left: int
) -> dict[str, object]:
    return {
        "run": uuid4(),
        "connection": claimed.ledger.connection,
        "begun_at": begun_at,
        "steps": msgspec.json.encode(steps).decode(),
        "hints_taken": hints_left,
    }


def _fence(claimed: Claimed) -> dict[str, object]:
    return {**_where(claimed.key), "epoch": claimed.epoch}
