"""Keeps what a look decided (T2): the usual one in one statement, any other under a lock."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import asyncpg

from caseway.domain.adoption import Adoption, Known, Reply, is_whole
from caseway.domain.closure import Side
from caseway.domain.conversation import Hint, Ledger, State
from caseway.domain.ids import ActivityId, EventId, MessageId, StatusId, activity_id, case_id
from caseway.domain.plan import Owed
from caseway.domain.remote import Look
from caseway.ports import Adopted, Claimed
from caseway.store import imports, rows
from caseway.store.fences import fenced, where
from caseway.store.imports import Decide
from caseway.store.owed import owed_by
from caseway.store.queries import load

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SQL: Final = load("adoptions")
PARK: Final = load("looks")["park"]
NEXT_OWN: Final = load("owed")["owed_own"]


async def adopt(
    pool: "asyncpg.Pool[asyncpg.Record]",
    claimed: Claimed,
    look: Look,
    decide: Decide,
    words: Callable[[Reply], str],
) -> Adopted:
    try:
        usual = await imports.adopt_usual(pool, claimed, look, decide, words)
        return usual or await _under_lock(pool, claimed, look, decide, words)
    except asyncpg.UniqueViolationError:
        # The case passed from one conversation to another, which imported the reply first;
        # or the peer began its next conversation while this one was about to be reopened.
        return await _under_lock(pool, claimed, look, decide, words)


async def _under_lock(
    pool: "asyncpg.Pool[asyncpg.Record]",
    claimed: Claimed,
    look: Look,
    decide: Decide,
    words: Callable[[Reply], str],
) -> Adopted:
    async with fenced(pool, claimed) as (connection, row):
        before = rows.ledger(row, claim=claimed.ledger.claim)
        if before.state is State.RESOLVED:
            superseded = await SQL["superseded"].fetchval(connection, **where(before.key))
            before = replace(before, superseded=superseded)
        known = await _known(connection, before, look)
        adoption = decide(before, known)
        if adoption.park:
            await PARK.execute(connection, **where(before.key), reason=adoption.park)
            return Adopted(adoption, Owed(before, (), (), None, None))
        after = await _keep(connection, claimed, before, look, adoption, words)
        owed = await owed_by(connection, after, adoption.write)
        return Adopted(adoption, owed)


async def _known(connection: "Connection", ledger: Ledger, look: Look) -> dict[ActivityId, Known]:
    if not look.activities:
        return await _expected(connection, ledger) if is_whole(look) else {}
    found = await SQL["known"].fetch(
        connection,
        organisation=ledger.key.organisation,
        connection=ledger.connection,
        activities=[a.id for a in look.activities],
    )
    return {
        ActivityId(r["activity_id"]): Known.LINKED if r["linked"] else Known.PLANNED for r in found
    }


async def _expected(connection: "Connection", ledger: Ledger) -> dict[ActivityId, Known]:
    """One activity that a case without any should show."""
    found = await SQL["one_linked"].fetchval(
        connection, **where(ledger.key), ordinal=ledger.case_ordinal
    )
    return {} if found is None else {ActivityId(found): Known.LINKED}


async def _keep(
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
        after = await _advanced(connection, after)
    if adoption.replies or adoption.closing:
        new = imports.new_rows(claimed, look, replace(adoption, after=after), words)
        await imports.SQL["import_replies"].execute(connection, **new.parameters, **new.authors)
        many = len(adoption.replies) + adoption.closing
        after = replace(after, last_position=after.last_position + many)
    if adoption.next_case:
        after = await _next_case(connection, after)
    if adoption.judged and claimed.ledger.claim:
        await SQL["judge_event"].execute(
            connection,
            organisation=organisation,
            event=claimed.ledger.claim,
            outcome=adoption.judged.outcome,
            reason=adoption.judged.reason,
        )
    if adoption.write or after != before:
        await _write(connection, after, claimed.ledger.claim, write=adoption.write)
    return after


async def _advanced(connection: "Connection", after: Ledger) -> Ledger:
    """The prefix of messages that have their activity, after echoes were adopted."""
    left = await NEXT_OWN.fetch(connection, **where(after.key))
    through = left[0]["position"] - 1 if left else after.last_own_position
    return replace(after, linked_through=max(after.linked_through, through))


async def _next_case(connection: "Connection", after: Ledger) -> Ledger:
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
    waiting = await SQL["messages_after"].fetch(connection, **where(after.key), position=settled)
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
        **where(after.key),
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
