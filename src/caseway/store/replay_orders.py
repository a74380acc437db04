"""Orders to replay events: weighed and kept for a person, carried out by whichever worker comes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from caseway.domain.conversation import Hint
from caseway.domain.ids import CaseId, ConnectionId, ConnectionKey, ConversationId, OrganisationId
from caseway.domain.replaying import CALLS_A_LOOK
from caseway.ports.event_log import Place
from caseway.ports.replaying import (
    Choice,
    Left,
    Order,
    Ordered,
    OrderId,
    OrderState,
    OwedLook,
    Resting,
    Running,
    Weighed,
)
from caseway.store import rows
from caseway.store.audit import Kind, record
from caseway.store.event_pages import SQL as LOG
from caseway.store.event_pages import read_page
from caseway.store.marks import trigger
from caseway.store.queries import Connection as Link
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("replay_orders")
MOST_EVENTS: Final = 10_000  # of one order
AT_ONCE: Final = 1_000
MOST_LEFT: Final = 50
MOST_LOOKS: Final = 20  # of one conversation, to tell what they left in Creatio
PATIENCE: Final = timedelta(minutes=1)  # for a look that is tried again by itself


@dataclass(slots=True)
class Chosen:
    """The events of a choice, by the conversations that they lead to."""

    events: int = 0
    cut: bool = False
    without: int = 0
    since: dict[ConversationId, datetime] = field(default_factory=dict)  # the oldest event's
    told: dict[ConversationId, int] = field(default_factory=dict)  # events that tell of a reply

    def add(self, conversation: ConversationId, received_at: datetime, type: str) -> None:
        self.since[conversation] = min(received_at, self.since.get(conversation, received_at))
        self.told[conversation] = self.told.get(conversation, 0) + (type == "new_activity")


class PostgresReplayOrders:
    """Bound by the row-level policies."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", *, most_events: int = MOST_EVENTS
    ) -> None:
        self._pool = pool
        self._most = most_events

    async def weigh(self, organisation: OrganisationId, choice: Choice) -> Weighed:
        async with transaction(self._pool, organisation) as link:
            chosen = await self._choose(link, organisation, choice)
            found = await SQL["standing_of"].fetch(
                link, organisation=organisation, looks=MOST_LOOKS, **_conversations(chosen)
            )
        stopped = sum(row["stopped"] for row in found)
        untold = [
            max(chosen.told[ConversationId(row["id"])] - row["replies"], row["held_back"])
            for row in found
            if not row["stopped"]
        ]
        return Weighed(
            events=chosen.events,
            cut=chosen.cut,
            without=chosen.without,
            conversations=len(found),
            calls=CALLS_A_LOOK * (len(found) - stopped),
            replies=sum(max(many, 0) for many in untold),
            stopped=stopped,
        )

    async def order(
        self,
        organisation: OrganisationId,
        order: OrderId,
        choice: Choice,
        *,
        about: str,
        actor: str,
    ) -> Ordered:
        async with transaction(self._pool, organisation) as link:
            chosen = await self._choose(link, organisation, choice)
            if not chosen.since:
                return Ordered.NOTHING
            of_order = {"organisation": organisation, "order": order}
            is_new = await SQL["keep"].fetchval(
                link,
                **of_order,
                about=about,
                events=chosen.events,
                looks=len(chosen.since),
                actor=actor,
            )
            if not is_new:
                return Ordered.BEFORE
            await SQL["keep_looks"].execute(link, **of_order, **_conversations(chosen))
            await record(
                link,
                organisation,
                actor=actor,
                action="ordered",
                kind=Kind.REPLAY,
                id=order,
                after={
                    "about": about,
                    "events": chosen.events,
                    "conversations": len(chosen.since),
                },
            )
            # CRASH HERE: nothing was ordered; the person sees no order and asks again.
        return Ordered.NOW

    async def _choose(self, link: Link, organisation: OrganisationId, choice: Choice) -> Chosen:
        chosen = Chosen()
        unnamed: list[tuple[UUID, datetime, str]] = []  # by a case that may have become ours
        if choice.picked:
            found = await SQL["picked"].fetch(
                link, organisation=organisation, events=list(choice.picked)
            )
            for row in found:
                place = row["case_id"], row["received_at"], row["event_type"]
                _count(chosen, unnamed, row["conversation_id"], *place)
        else:
            before: Place | None = None
            while not chosen.cut:
                few = min(AT_ONCE, self._most - chosen.events)
                page = await read_page(link, organisation, choice.wanted, before=before, limit=few)
                for event in page.items:
                    place = event.case, event.received_at, event.type
                    _count(chosen, unnamed, event.conversation, *place)
                before = page.next
                if before is None:
                    break
                chosen.cut = chosen.events >= self._most
        await _adopt_unnamed(link, organisation, chosen, unnamed)
        return chosen

    async def stop(self, organisation: OrganisationId, order: OrderId, *, actor: str) -> bool:
        async with transaction(self._pool, organisation) as link:
            stopped = await SQL["stop"].fetchval(link, organisation=organisation, order=order)
            if stopped:
                await record(
                    link,
                    organisation,
                    actor=actor,
                    action="stopped",
                    kind=Kind.REPLAY,
                    id=order,
                )
        return bool(stopped)

    async def standing(self, organisation: OrganisationId, order: OrderId) -> Order | None:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["one"].fetchrow(link, organisation=organisation, order=order)
            if row is None:
                return None
            replies = await SQL["replies"].fetchval(link, organisation=organisation, order=order)
            left = await SQL["left"].fetch(
                link, organisation=organisation, order=order, most=MOST_LEFT
            )
            resting = await SQL["resting"].fetch(link, organisation=organisation, order=order)
        return _order(
            row,
            replies=replies,
            left=tuple(_left(row) for row in left),
            resting=tuple(Resting(row["connection"], row["looks"]) for row in resting),
        )

    async def token(self, organisation: OrganisationId, order: OrderId) -> str:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["one"].fetchrow(link, organisation=organisation, order=order)
        if row is None:
            return "none"
        return f"{row['state']}-{row['begun']}-{row['ended']}-{row['resting']}"

    async def under_way(self, organisation: OrganisationId, limit: int) -> Sequence[Order]:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["under_way"].fetch(link, organisation=organisation, most=limit)
        return [_order(row) for row in found]


class PostgresRunningReplays:
    """Runs as `caseway_sync`: whichever organisation's order comes."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", *, patience: timedelta = PATIENCE
    ) -> None:
        self._pool = pool
        self._patience = patience

    async def running(self) -> Sequence[Running]:
        found = await SQL["running"].fetch(self._pool)
        return [Running(OrganisationId(r["organisation_id"]), OrderId(r["id"])) for r in found]

    async def settle(self, order: Running) -> int:
        async with self._pool.acquire() as link, link.transaction():
            await SQL["settle"].execute(link, **_of(order), patience=self._patience)
            if await SQL["finish"].fetchval(link, **_of(order)):
                return 0
            begun: int = await SQL["begun"].fetchval(link, **_of(order))
        return begun

    async def owed(
        self, order: Running, limit: int, *, without: Collection[ConnectionKey] = ()
    ) -> Sequence[OwedLook]:
        resting = [key.connection for key in without]
        found = await SQL["owed"].fetch(self._pool, **_of(order), resting=resting, most=limit)
        return [
            OwedLook(
                rows.key_of(row),
                ConnectionKey(order.organisation, ConnectionId(row["connection_id"])),
            )
            for row in found
        ]

    async def begin(self, order: Running, looks: Sequence[OwedLook], *, most: int) -> int:
        async with self._pool.acquire() as link, link.transaction():
            if not await SQL["hold"].fetchval(link, **_of(order)):
                return 0
            room = most - await SQL["begun"].fetchval(link, **_of(order))
            # In the order in which everybody locks conversations, or two could wait for each other.
            chosen = sorted(looks[: max(room, 0)], key=lambda look: look.key.conversation)
            for look in chosen:
                await trigger(link, look.key, Hint.ACTIVITIES | Hint.CASE)
                await SQL["begin"].execute(link, **_of(order), conversation=look.key.conversation)
            # CRASH HERE: nothing was begun; whichever worker is next begins it.
        return len(chosen)

    async def rest(self, order: Running, connections: Collection[ConnectionKey]) -> None:
        resting = sorted(key.connection for key in connections)
        await SQL["rest"].execute(self._pool, **_of(order), resting=resting)


def _of(order: Running) -> dict[str, object]:
    return {"organisation": order.organisation, "order": order.id}


def _conversations(chosen: Chosen) -> dict[str, object]:
    return {"conversations": list(chosen.since), "since": list(chosen.since.values())}


def _count(
    chosen: Chosen,
    unnamed: list[tuple[UUID, datetime, str]],
    conversation: UUID | None,
    case: UUID | None,
    received_at: datetime,
    type: str,
) -> None:
    chosen.events += 1
    if conversation is not None:
        chosen.add(ConversationId(conversation), received_at, type)
    elif case is not None:
        unnamed.append((case, received_at, type))
    else:
        chosen.without += 1


async def _adopt_unnamed(
    link: Link,
    organisation: OrganisationId,
    chosen: Chosen,
    unnamed: Sequence[tuple[UUID, datetime, str]],
) -> None:
    """An event may have come before its case was known to be a conversation's."""
    if not unnamed:
        return
    cases = list({case for case, _, _ in unnamed})
    found = await LOG["having_case"].fetch(link, organisation=organisation, cases=cases)
    whose = {CaseId(row["case_id"]): ConversationId(row["conversation_id"]) for row in found}
    for case, received_at, type_ in unnamed:
        conversation = whose.get(CaseId(case))
        if conversation is None:
            chosen.without += 1
        else:
            chosen.add(conversation, received_at, type_)


def _order(
    row: asyncpg.Record,
    *,
    replies: int = 0,
    left: tuple[Left, ...] = (),
    resting: tuple[Resting, ...] = (),
) -> Order:
    return Order(
        id=OrderId(row["id"]),
        about=row["about"],
        events=row["events"],
        looks=row["looks"],
        begun=row["begun"],
        ended=row["ended"],
        state=OrderState(row["state"]),
        ordered_by=row["ordered_by"],
        ordered_at=row["ordered_at"],
        ended_at=row["ended_at"],
        replies=replies,
        left=left,
        resting=resting,
    )


def _left(row: asyncpg.Record) -> Left:
    return Left(
        conversation=ConversationId(row["conversation_id"]),
        customer=row["customer"],
        became=row["became"],
        reason=row["reason"],
    )
