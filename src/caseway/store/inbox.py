"""The list of conversations. A page costs the same whatever is stored: docs/decisions says how."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from caseway.domain.conversation import Author, State
from caseway.domain.delivery import State as Debt
from caseway.domain.delivery import failure_note
from caseway.domain.finding import Sought
from caseway.domain.ids import CaseId, ChannelId, ConversationId, OrganisationId
from caseway.ports.inbox import ChannelName, Counts, Filters, Listed, Need, Needs, Page
from caseway.store import rows
from caseway.store.queries import load
from caseway.store.reads import END_OF_TIME
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("inbox")
WINDOW: Final = 200  # rows that a search takes from each index, a filter from the deliveries
LOOKED_THROUGH: Final = 2_000  # failures of each kind, for those that nobody has decided on
MOST_COUNTED: Final = 1000


class PostgresInbox:
    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        *,
        window: int = WINDOW,
        failures: int = LOOKED_THROUGH,
    ) -> None:
        self._pool = pool
        self._window = window
        self._failures = failures

    async def channels(self, organisation: OrganisationId) -> Sequence[ChannelName]:
        async with transaction(self._pool, organisation) as link:
            return await _channels(link, organisation)

    async def page(self, organisation: OrganisationId, filters: Filters, *, most: int) -> Page:
        async with transaction(self._pool, organisation) as link:
            channels = [
                one.id
                for one in await _channels(link, organisation)
                if filters.channel in {None, one.id}
            ]
            asked = _Asked(organisation, filters, channels, most, self._window)
            found, older, too_broad = await asked.find(link)
            drawn = await SQL["rows"].fetch(link, organisation=organisation, conversations=found)
        by_id = {row["id"]: _listed(row) for row in drawn}
        return Page([by_id[one] for one in found if one in by_id], older, too_broad)

    async def counts(self, organisation: OrganisationId) -> Counts:
        async with transaction(self._pool, organisation) as link:
            channels = [one.id for one in await _channels(link, organisation)]
            found = await SQL["counts"].fetch(
                link, organisation=organisation, channels=channels, most=MOST_COUNTED
            )
        many = {row["state"]: row["many"] for row in found}
        return Counts(
            ai=many[State.AI],
            waiting=many[State.WAITING],
            human=many[State.HUMAN],
            under_way=many["under way"],
            most=MOST_COUNTED,
        )

    async def needs(self, organisation: OrganisationId, *, most: int) -> Needs:
        async with transaction(self._pool, organisation) as link:
            found = await SQL["needs"].fetch(
                link, organisation=organisation, window=self._failures, most=most
            )
        is_cut = any(row["is_cut"] for row in found)
        needs = [_need(row) for row in found if row["id"] is not None]
        return Needs(needs, self._failures if is_cut else None)

    async def token(self, organisation: OrganisationId) -> str:
        async with transaction(self._pool, organisation) as link:
            channels = [one.id for one in await _channels(link, organisation)]
            return str(
                await SQL["token"].fetchval(link, organisation=organisation, channels=channels)
            )


class _Asked:
    """One page's question, turned into the statement that answers it."""

    def __init__(
        self,
        organisation: OrganisationId,
        filters: Filters,
        channels: Sequence[ChannelId],
        most: int,
        window: int,
    ) -> None:
        before, before_id = filters.before or END_OF_TIME
        self._most, self._window = most, window
        self._filters = filters
        self._channels = channels
        self._states = [str(state) for state in filters.states or State]
        self._place = {"organisation": organisation, "before": before, "before_id": before_id}

    async def find(self, link: "Link") -> tuple[list[UUID], tuple[datetime, UUID] | None, bool]:
        """The ids in their order, where the next page begins, and whether there is too much."""
        if self._filters.sought is not None:
            return await self._search(link, self._filters.sought)
        if self._filters.deliveries:
            return await self._by_delivery(link)
        found = await SQL["newest"].fetch(
            link,
            **self._place,
            channels=self._channels,
            states=self._states,
            most=self._most + 1,
        )
        return *self._cut(found), False

    async def _search(
        self, link: "Link", sought: Sought
    ) -> tuple[list[UUID], tuple[datetime, UUID] | None, bool]:
        found = await SQL["search"].fetch(
            link,
            **self._place,
            **_ranges(sought),
            channels=self._channels,
            states=self._states,
            deliveries=[str(state) for state in self._filters.deliveries],
            window=self._window,
            most=self._most + 1,
        )
        fitting = [row for row in found if row["id"] is not None]
        return *self._cut(fitting), any(row["too_many"] for row in found)

    async def _by_delivery(
        self, link: "Link"
    ) -> tuple[list[UUID], tuple[datetime, UUID] | None, bool]:
        """A window of deliveries; a page may end before it is full, and then goes on behind it."""
        found = await SQL["by_delivery"].fetch(
            link,
            **self._place,
            deliveries=[str(state) for state in self._filters.deliveries],
            window=self._window,
        )
        kept: list[UUID] = []
        channels, states = set(self._channels), set(self._states)
        for row in found:
            conversation = row["conversation_id"]
            if row["channel_id"] in channels and row["state"] in states:
                if conversation not in kept:
                    kept.append(conversation)
                if len(kept) == self._most and row is not found[-1]:
                    return kept, (row["at"], row["id"]), False
        last = found[-1] if len(found) == self._window else None
        return kept, None if last is None else (last["at"], last["id"]), False

    def _cut(
        self, found: Sequence[asyncpg.Record]
    ) -> tuple[list[UUID], tuple[datetime, UUID] | None]:
        ids = [row["id"] for row in found[: self._most]]
        if len(found) <= self._most:
            return ids, None
        last = found[self._most - 1]
        return ids, (last["at"], last["id"])


def _ranges(sought: Sought) -> dict[str, object]:
    ranges: dict[str, object] = {"words": sought.words}
    for name in ("name", "word", "email", "phone", "number", "id"):
        ranges[name], ranges[f"{name}_end"] = getattr(sought, name)
    return ranges


async def _channels(link: "Link", organisation: OrganisationId) -> list[ChannelName]:
    found = await SQL["channels"].fetch(link, organisation=organisation)
    return [
        ChannelName(ChannelId(row["id"]), row["kind"], row["name"], row["removed"]) for row in found
    ]


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(
        key=rows.key_of(row),
        state=State(row["state"]),
        said_at=row["said_at"],
        is_parked=row["parked"],
        channel_kind=row["kind"],
        channel_name=row["channel_name"],
        address=row["address"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        case=None if row["case_id"] is None else CaseId(row["case_id"]),
        case_number=row["case_number"],
        pages_url=row["pages_url"],
        last_author=None if row["author"] is None else Author(row["author"]),
        last_author_name=row["author_name"] or "",
        last_said=row["said"] or "",
        reply=None if row["reply"] is None else Debt(row["reply"]),
    )


def _need(row: asyncpg.Record) -> Need:
    return Need(
        kind=row["kind"],
        id=row["id"],
        conversation=ConversationId(row["conversation_id"]),
        reason=row["reason"],
        since=row["since"],
        attempts=row["attempts"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        address=row["address"],
        case_number=row["case_number"],
        channel_kind=row["channel_kind"],
        channel_name=row["channel_name"],
        agent_knows=failure_note(row["id"], row["attempts"]) not in row["untold"],
    )
