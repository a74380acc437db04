"""The store as a run sees it: every write is fenced by the run's epoch and commits whole."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import asyncpg
import msgspec

from caseway.domain.adoption import Adoption, Known, Reply
from caseway.domain.closure import Side
from caseway.domain.conversation import Ledger
from caseway.domain.delivery import Delivery, failure_note
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ConversationKey,
    EventId,
    RemoteContactId,
    StatusId,
    activity_id,
)
from caseway.domain.plan import Owed
from caseway.domain.remote import Look
from caseway.domain.sweeping import OVERLAP, overlap
from caseway.ports import Adopted, Claimed, FencedOut, JournalLine, Linked, Opening
from caseway.store import adoptions, rows
from caseway.store.fences import fence, fenced, where
from caseway.store.owed import owed_by
from caseway.store.queries import load
from caseway.store.queue import enqueue

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
        row = await SQL["claim"].fetchrow(self._pool, **where(key), lease=self._lease)
        if row is None:
            await self._unclaimed(key)
            return None
        event = row["claim_event"]
        return Claimed(
            ledger=rows.ledger(row, claim=None if event is None else EventId(event)),
            epoch=row["lease_epoch"],
            hints=row["hints_taken"],
            starts=row["starts"],
            begun_at=row["claimed_at"],
            peer=row["peer"],
        )

    async def _unclaimed(self, key: ConversationKey) -> None:
        """Busy: a job for when the lease ends. Poisoned: parked. Otherwise nothing is due.

        A lease that ended since the claim was refused gets its job at once.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await SQL["unclaimed"].fetchrow(connection, **where(key))
            if row is None or row["parked"] or row["free_at"] is None:
                return
            now = await connection.fetchval("SELECT clock_timestamp()")
            if row["starts"] >= MOST_STARTS and row["free_at"] <= now:
                await SQL["park"].execute(connection, **where(key), reason=POISON)
                return
            await SQL["defer"].execute(connection, **where(key), until=row["free_at"])
            await enqueue(connection, key, delay=max(row["free_at"] - now, timedelta(0)))

    async def renew(self, claimed: Claimed) -> bool:
        row = await SQL["renew"].fetchval(self._pool, **fence(claimed), lease=self._lease)
        return row is not None

    async def earlier_cases(self, claimed: Claimed) -> Sequence[CaseId]:
        found = await SQL["earlier_cases"].fetch(self._pool, **where(claimed.key))
        return [CaseId(r["case_id"]) for r in found]

    async def load(self, claimed: Claimed) -> Owed:
        async with fenced(self._pool, claimed) as (connection, row):
            return await owed_by(connection, rows.ledger(row))

    async def adopt(
        self,
        claimed: Claimed,
        look: Look,
        decide: Callable[[Ledger, Mapping[ActivityId, Known]], Adoption],
        words: Callable[[Reply], str],
    ) -> Adopted:
        return await adoptions.adopt(self._pool, claimed, look, decide, words)

    async def note(self, claimed: Claimed, before: Delivery, after: Delivery) -> bool:
        number = await SQL["note_attempt"].fetchval(
            self._pool,
            **fence(claimed),
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
            await SQL["settle_attempt"].fetchrow(self._pool, **fence(claimed), **values)
            return None
        async with fenced(self._pool, claimed) as (connection, row):
            settled = await SQL["settle_attempt"].fetchrow(connection, **fence(claimed), **values)
            ledger = rows.ledger(row)
            if settled is None:
                return await owed_by(connection, ledger)
            message = failure_note(after.id, after.attempts)
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
            return await owed_by(
                connection, replace(ledger, last_position=position, last_own_position=position)
            )

    async def settle_and_release(
        self,
        claimed: Claimed,
        after: Delivery,
        *,
        shown: bool,
        durable: bool,
        steps: Sequence[JournalLine],
    ) -> bool:
        row = await SQL["settle_and_release"].fetchrow(
            self._pool,
            **fence(claimed),
            **_journal(claimed, steps, hints_left=0),
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
        row = await SQL["opening"].fetchrow(self._pool, **where(claimed.key))
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
        async with fenced(self._pool, claimed) as (connection, row):
            await SQL["keep_contact"].execute(
                connection,
                organisation=claimed.key.organisation,
                connection=row["connection_id"],
                contact=row["contact_id"],
                remote=remote,
            )

    async def case_made(self, claimed: Claimed, number: str) -> None:
        if not await SQL["case_made"].fetchval(self._pool, **fence(claimed), number=number):
            raise FencedOut(claimed.key)

    async def link(self, claimed: Claimed, linked: Linked, owed: Owed) -> Owed:
        async with fenced(self._pool, claimed) as (connection, row):
            ledger = rows.ledger(row)
            remote = {"organisation": ledger.key.organisation, "connection": ledger.connection}
            await adoptions.SQL["prove"].execute(
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
                **where(claimed.key),
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
        async with fenced(self._pool, claimed) as (connection, _row):
            await SQL["advance"].execute(
                connection,
                **where(claimed.key),
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
            **fence(claimed),
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
        steps: Sequence[JournalLine],
    ) -> None:
        journal = _journal(claimed, steps, hints_left)
        if wait is None and not failures:
            quiet = await SQL["release_quiet"].fetchval(self._pool, **fence(claimed), **journal)
            if quiet:
                return
        async with self._pool.acquire() as connection, connection.transaction():
            row = await SQL["release"].fetchrow(
                connection,
                **fence(claimed),
                **journal,
                failures=failures,
                wait=wait,
            )
            if row is not None and row["due_at"] is not None:
                await enqueue(connection, claimed.key, delay=row["delay"])

    async def park(self, claimed: Claimed, reason: str) -> None:
        async with fenced(self._pool, claimed) as (connection, _row):
            await SQL["park"].execute(connection, **where(claimed.key), reason=reason)


def _journal(claimed: Claimed, steps: Sequence[JournalLine], hints_left: int) -> dict[str, object]:
    return {
        "run": uuid4(),
        "connection": claimed.ledger.connection,
        "begun_at": claimed.begun_at,
        "steps": msgspec.json.encode(steps).decode(),
        "hints_taken": hints_left,
    }
