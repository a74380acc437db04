"""Imports replies: message, link and debt together, a reply once.

The usual look (a reply or two, nothing else to decide) is kept in one statement that compares
and sets: it holds only if the row still is what the decision was made on. Whatever else a look
may mean goes the long way, under the row's lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

import asyncpg

from caseway.domain.adoption import Adoption, Known, Reply, is_whole
from caseway.domain.conversation import Author, Ledger, MessageKind
from caseway.domain.conversation import State as Conversation
from caseway.domain.delivery import PATIENCE, Delivery, Kind, State
from caseway.domain.ids import ActivityId, DeliveryId, MessageId
from caseway.domain.plan import Owed
from caseway.domain.remote import Look
from caseway.ports import Adopted, Claimed
from caseway.store import rows
from caseway.store.queries import load

SQL: Final = load("imports")
LATER: Final = timedelta(microseconds=1)
CLOSING: Final = "This conversation was resolved."

Decide = Callable[[Ledger, Mapping[ActivityId, Known]], Adoption]


@dataclass(frozen=True, slots=True)
class NewRows:
    """Messages and deliveries that one look brings, and the parameters that write them."""

    messages: list[UUID]
    deliveries: list[UUID]
    texts: list[str]
    parameters: dict[str, object]
    authors: dict[str, object]  # kinds and authors, where not all are an agent's words


def new_rows(
    claimed: Claimed, look: Look, adoption: Adoption, words: Callable[[Reply], str]
) -> NewRows:
    """Of both ways; the closing line comes after the replies of the same look."""
    after, replies = adoption.after, adoption.replies
    conversation = after.key.conversation
    messages = [uuid5(conversation, f"reply/{r.activity.id}") for r in replies]
    activities: list[UUID] = [r.activity.id for r in replies]
    texts = [words(r) for r in replies]
    names = [r.activity.author_name for r in replies]
    stamps = [r.activity.created_on for r in replies]
    kinds: list[str] = [MessageKind.TEXT] * len(replies)
    by: list[str] = [Author.AGENT] * len(replies)
    if adoption.closing:
        messages.append(uuid4())
        activities.append(uuid4())
        texts.append(CLOSING)
        names.append("")
        stamps.append(max([look.at, *(stamp + LATER for stamp in stamps)]))
        kinds.append(MessageKind.CLOSING)
        by.append(Author.SYSTEM)
    first = after.last_position + 1
    deliveries = [uuid5(m, "delivery") for m in messages]
    parameters = {
        "organisation": after.key.organisation,
        "connection": after.connection,
        "conversation": conversation,
        "channel": after.channel,
        "peer": claimed.peer,
        "address": after.address,
        "ordinal": after.case_ordinal,
        "messages": messages,
        "activities": activities,
        "deliveries": deliveries,
        "authors": names,
        "texts": texts,
        "positions": list(range(first, first + len(messages))),
        "created_on": stamps,
    }
    return NewRows(messages, deliveries, texts, parameters, {"kinds": kinds, "by": by})


async def adopt_usual(
    pool: "asyncpg.Pool[asyncpg.Record]",
    claimed: Claimed,
    look: Look,
    decide: Decide,
    words: Callable[[Reply], str],
) -> Adopted | None:
    """T2 for the usual look; None: take the long way. The head of the line is noted as sending."""
    row = await SQL["stand"].fetchrow(
        pool,
        organisation=claimed.key.organisation,
        conversation=claimed.key.conversation,
        connection=claimed.ledger.connection,
        activities=[a.id for a in look.activities],
    )
    if row is None or row["lease_epoch"] != claimed.epoch or row["owes_replies"]:
        return None
    before = rows.ledger(row, claim=claimed.ledger.claim)
    if before.claim or before.agreed is None or before.owes_activities:
        return None
    if before.state is Conversation.RESOLVED or (is_whole(look) and not look.activities):
        return None
    linked = {ActivityId(a): Known.LINKED for a in row["linked"]}
    planned = {ActivityId(a): Known.PLANNED for a in row["planned"]}
    adoption = decide(before, {**linked, **planned})
    if not _usual(before, adoption):
        return None
    if not adoption.replies:
        unchanged = adoption.after == before
        return Adopted(adoption, Owed(before, (), (), None, None)) if unchanged else None
    return await _import(pool, claimed, look, before, adoption, words)


def _usual(before: Ledger, adoption: Adoption) -> bool:
    if adoption.park or adoption.echoes or adoption.closing or adoption.judged:
        return False
    if adoption.write or adoption.next_case:
        return False
    after = adoption.after
    kept = replace(
        after,
        state=before.state,
        agreed_status=before.agreed_status,
        last_open_status=before.last_open_status,
        agent_replied=before.agent_replied,
        covered_through=before.covered_through,
        read_through=before.read_through,
        case_number=before.case_number,
    )
    return kept == before


async def _import(
    pool: "asyncpg.Pool[asyncpg.Record]",
    claimed: Claimed,
    look: Look,
    before: Ledger,
    adoption: Adoption,
    words: Callable[[Reply], str],
) -> Adopted | None:
    after = adoption.after
    new = new_rows(claimed, look, adoption, words)
    last = after.last_position + len(adoption.replies)
    kept = await SQL["import_usual"].fetchval(
        pool,
        **new.parameters,
        epoch=claimed.epoch,
        seen_position=before.last_position,
        seen_state=before.state,
        patience=PATIENCE,
        state=after.state,
        last_position=last,
        agreed_status=after.agreed_status,
        last_open_status=after.last_open_status,
        covered_through=after.covered_through,
        read_through=after.read_through,
        case_number=after.case_number,
    )
    if not kept:
        return None
    now = datetime.now(tz=UTC)
    deliveries = tuple(
        Delivery(
            id=DeliveryId(delivery),
            message=MessageId(message),
            kind=Kind.MESSAGE,
            state=State.OWED,
            author=Author.AGENT,
            author_name=reply.activity.author_name,
            text=text,
            written_at=reply.activity.created_on,
            address=after.address,
            order=(reply.activity.created_on, reply.activity.id),
            owed_at=now,
            not_before=now,
            attempts=0,
            possible_double=False,
        )
        for reply, message, delivery, text in zip(
            adoption.replies, new.messages, new.deliveries, new.texts, strict=True
        )
    )
    owed = Owed(
        ledger=replace(after, last_position=last),
        own=(),
        deliveries=deliveries,
        write=None,
        remote_contact=None,
        noted=deliveries[0].id,
    )
    return Adopted(adoption, owed)
