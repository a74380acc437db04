"""One conversation as its page shows it. A long one costs no more than a short one."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from caseway.domain.closure import Side
from caseway.domain.conversation import Author, MessageKind, State
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ConversationId,
    ConversationKey,
    DeliveryId,
    MessageId,
    RemoteContactId,
)
from caseway.ports.conversations import (
    Balance,
    Counterpart,
    Deed,
    EarlierCase,
    Entry,
    Facts,
    History,
    KeptBack,
    Leaf,
    OtherTalk,
    Sending,
    Try,
)
from caseway.store import rows, story
from caseway.store.audit import Kind
from caseway.store.queries import load
from caseway.store.reads import END_OF_TIME
from caseway.store.transactions import moment, transaction

SQL: Final = load("conversations")
FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
AFTER_ALL: Final = 2**62  # a position that no message has
MOST_TRIES: Final = 20
MOST_LOOKS: Final = 300  # whose journals are searched for what stays in Creatio
MOST_COUNTED: Final = 500
MOST_OTHERS: Final = 6


class PostgresConversations:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def facts(self, key: ConversationKey) -> Facts | None:
        where = _where(key)
        async with moment(self._pool, key.organisation) as link:
            row = await SQL["facts"].fetchrow(link, **where)
            if row is None:
                return None
            others = await SQL["others"].fetch(
                link, **where, contact=row["contact_id"], most=MOST_OTHERS
            )
            cases = await SQL["earlier_cases"].fetch(link, **where, most=MOST_OTHERS)
        return _facts(row, [_other(other) for other in others], [_earlier(case) for case in cases])

    async def leaf(self, facts: Facts, *, before: int | None, most: int) -> Leaf:
        key = facts.key
        async with moment(self._pool, key.organisation) as link:
            found = await SQL["entries"].fetch(
                link, **_where(key), before=before or AFTER_ALL, most=most + 1
            )
            shown = found[:most]
            tries = await SQL["tries"].fetch(
                link,
                organisation=key.organisation,
                deliveries=[row["delivery_id"] for row in shown if row["delivery_id"]],
                most=MOST_TRIES,
            )
            # From the message before these up to the last of them: the next leaf goes on there.
            newest = before is None or not shown
            kept_back = await SQL["kept_back"].fetch(
                link,
                **_where(key),
                connection=facts.connection,
                since=found[most]["kept_at"] if len(found) > most else FIRST,
                until=END_OF_TIME[0] if newest else shown[0]["kept_at"],
                looks=MOST_LOOKS,
            )
        of_delivery: dict[UUID, list[Try]] = defaultdict(list)
        for row in tries:
            of_delivery[row["delivery_id"]].append(_try(row))
        return Leaf(
            entries=[_entry(row, of_delivery) for row in reversed(shown)],
            kept_back=[
                KeptBack(ActivityId(row["activity"]), row["seen_at"], row["reason"])
                for row in kept_back
            ],
            earlier=shown[-1]["position"] if len(found) > most else None,
        )

    async def balance(self, key: ConversationKey) -> Balance:
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["balance"].fetchrow(link, **_where(key), most=MOST_COUNTED)
        if row is None:
            raise AssertionError("an aggregate has one row")
        return Balance(
            messages=row["messages"],
            activities=row["activities"],
            refused=row["refused"],
            missing=row["missing"],
            is_whole=row["messages"] < MOST_COUNTED,
        )

    async def history(self, key: ConversationKey, *, before: datetime | None, most: int) -> History:
        asked = {**_where(key), "before": before or END_OF_TIME[0], "most": most}
        async with moment(self._pool, key.organisation) as link:
            events = await SQL["events"].fetch(link, **asked)
            messages = await SQL["messages"].fetch(link, **asked)
            runs = await SQL["runs"].fetch(link, **asked)
            replays = await SQL["replays"].fetch(link, **asked)
            deeds = await SQL["deeds"].fetch(
                link,
                organisation=key.organisation,
                subject=f"{Kind.CONVERSATION}:{key.conversation}",
                before=asked["before"],
                most=most,
            )
        lists = [(found, "at") for found in (events, messages, replays, deeds)]
        earlier = _cut(most, *lists, (runs, "begun_at"))
        happened = [
            *map(story.event, events),
            *map(story.message, messages),
            *map(story.replay, replays),
        ]
        since = earlier or FIRST
        return History(
            happened=sorted((h for h in happened if h.at >= since), key=lambda one: one.at),
            ran=[story.ran(row) for row in reversed(runs) if row["begun_at"] >= since],
            deeds=[_deed(row) for row in reversed(deeds) if row["at"] >= since],
            earlier=earlier,
        )

    async def token(self, key: ConversationKey) -> str:
        async with transaction(self._pool, key.organisation) as link:
            return str(await SQL["token"].fetchval(link, **_where(key)) or "")


def _cut(most: int, *lists: tuple[Sequence[asyncpg.Record], str]) -> datetime | None:
    """Where a list was cut off, the others are too: beyond it nothing would be complete."""
    cuts: list[datetime] = [found[-1][at] for found, at in lists if len(found) == most]
    return max(cuts, default=None)


def _where(key: ConversationKey) -> dict[str, Any]:
    return {"organisation": key.organisation, "conversation": key.conversation}


def _facts(
    row: asyncpg.Record, others: Sequence[OtherTalk], earlier_cases: Sequence[EarlierCase]
) -> Facts:
    remote = row["remote_id"]
    return Facts(
        key=rows.key_of(row),
        state=State(row["state"]),
        state_since=row["state_since"],
        created_at=row["created_at"],
        channel=ChannelId(row["channel_id"]),
        channel_kind=row["channel_kind"],
        channel_name=row["channel_name"],
        channel_removed=row["channel_removed"],
        address=row["address"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        verified=row["verified"],
        remote_contact=None if remote is None else RemoteContactId(remote),
        connection=ConnectionId(row["connection_id"]),
        connection_name=row["connection_name"],
        pages_url=row["pages_url"],
        trouble=row["trouble"] or "",
        trouble_since=row["trouble_since"],
        case=None if row["case_id"] is None else CaseId(row["case_id"]),
        case_number=row["case_number"],
        wants_case=row["wants_case"],
        agreed=None if row["agreed"] is None else Side(row["agreed"]),
        parked_at=row["parked_at"],
        parked_reason=row["parked_reason"] or "",
        failures=row["failures"],
        untold=frozenset(map(MessageId, row["untold"])),
        others=others,
        earlier_cases=earlier_cases,
    )


def _other(row: asyncpg.Record) -> OtherTalk:
    return OtherTalk(
        id=ConversationId(row["id"]),
        state=State(row["state"]),
        created_at=row["created_at"],
        case_number=row["case_number"],
        channel_kind=row["channel_kind"],
        channel_name=row["channel_name"],
    )


def _earlier(row: asyncpg.Record) -> EarlierCase:
    return EarlierCase(CaseId(row["case_id"]), row["number"], row["given_up_at"])


def _try(row: asyncpg.Record) -> Try:
    return Try(row["number"], row["begun_at"], row["ended_at"], Debt(row["became"]), row["reason"])


def _entry(row: asyncpg.Record, tries: dict[UUID, list[Try]]) -> Entry:
    return Entry(
        message=MessageId(row["id"]),
        position=row["position"],
        author=Author(row["author"]),
        author_name=row["author_name"],
        kind=MessageKind(row["kind"]),
        text=row["text"],
        written_at=row["written_at"],
        kept_at=row["kept_at"],
        activity=None if row["activity_id"] is None else _counterpart(row),
        delivery=None if row["delivery_id"] is None else _sending(row, tries),
    )


def _counterpart(row: asyncpg.Record) -> Counterpart:
    return Counterpart(
        id=ActivityId(row["activity_id"]),
        is_ours=row["origin"] == "ours",
        created_on=row["created_on"],
        linked_at=row["linked_at"],
        refused_at=row["refused_at"],
        refusal=row["refusal"] or "",
    )


def _sending(row: asyncpg.Record, tries: dict[UUID, list[Try]]) -> Sending:
    return Sending(
        id=DeliveryId(row["delivery_id"]),
        state=Debt(row["state"]),
        owed_at=row["owed_at"],
        not_before=row["not_before"],
        attempts=row["attempts"],
        possible_double=row["possible_double"],
        reason=row["reason"],
        settled_at=row["settled_at"],
        tries=tries.get(row["delivery_id"], []),
    )


def _deed(row: asyncpg.Record) -> Deed:
    return Deed(row["id"], row["at"], row["actor"], row["action"], row["after"] or "")
