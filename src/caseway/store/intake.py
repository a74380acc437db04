"""Keeping what customers write: a message is acknowledged only after its commit.

Bound by the row-level policies: organisations come from outside here.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4, uuid5

import asyncpg

from caseway.domain.connection import Connection, Opening, Returning
from caseway.domain.conversation import (
    TRANSITIONS,
    Author,
    Hint,
    MessageKind,
    Move,
    State,
)
from caseway.domain.ids import (
    ChannelId,
    ContactId,
    ConversationId,
    ConversationKey,
    MessageId,
    activity_id,
    case_id,
)
from caseway.ports import Inbound, Kept
from caseway.store import rows
from caseway.store.audit import record_of
from caseway.store.marks import trigger
from caseway.store.peers import contact_of, peer_of
from caseway.store.queries import load
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("intake")


class PostgresIntake:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def keep(self, inbound: Inbound, connection: Connection) -> Kept:
        """T-in: keep one message of a peer, in the conversation it belongs to."""
        async with transaction(self._pool, inbound.organisation) as link:
            contact = await contact_of(link, inbound)
            if inbound.provider_id:
                known = await SQL["known_message"].fetchrow(
                    link, **peer_of(inbound), provider_id=inbound.provider_id
                )
                if known is not None:
                    return Kept(
                        ConversationKey(
                            inbound.organisation, ConversationId(known["conversation_id"])
                        ),
                        MessageId(known["id"]),
                        new_message=False,
                        new_conversation=False,
                    )
            row, new = await self._conversation(link, inbound, contact, connection)
            message = await self._message(
                link,
                row,
                author=inbound.author,
                author_name=inbound.name,
                kind=MessageKind.TEXT,
                text=inbound.text,
                provider_id=inbound.provider_id,
                written_at=inbound.written_at,
            )
            key = rows.key_of(row)
            await trigger(link, key, 0)
            # CRASH HERE: nothing was kept, nothing was answered; the sender repeats.
            return Kept(key, message, new_message=True, new_conversation=new)

    async def add(
        self,
        key: ConversationKey,
        *,
        author: Author,
        text: str,
        provider_id: str,
        connection: Connection,
        starts_as_ai: bool = False,
    ) -> Kept | None:
        """T-in into a known conversation; one that is resolved meanwhile begins the next.

        None: the organisation has no such conversation.
        """
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["lock_conversation"].fetchrow(
                link, organisation=key.organisation, conversation=key.conversation
            )
        if row is None:
            return None
        inbound = Inbound(
            organisation=key.organisation,
            channel=ChannelId(row["channel_id"]),
            peer=row["peer"],
            address=row["address"],
            author=author,
            name="",
            email="",
            phone="",
            verified=True,
            text=text,
            provider_id=provider_id,
            written_at=datetime.now(tz=UTC),
            starts_as_ai=starts_as_ai,
        )
        return await self.keep(inbound, connection)

    async def _conversation(
        self, link: "Link", inbound: Inbound, contact: ContactId, connection: Connection
    ) -> tuple[asyncpg.Record, bool]:
        row = await SQL["open_conversation"].fetchrow(link, **peer_of(inbound))
        if row is not None:
            return row, False
        earlier = await SQL["latest_conversation"].fetchrow(link, **peer_of(inbound))
        if earlier is not None and State(earlier["state"]) is not State.RESOLVED:
            return earlier, False  # reopened since we asked
        settings = connection.settings
        if earlier is not None and settings.returning is Returning.REOPEN:
            since = datetime.now(tz=UTC) - settings.returning_within
            if earlier["resolved_at"] and earlier["resolved_at"] >= since:
                return await self._come_back(link, earlier), False
        return await self._begin(link, inbound, contact, connection, earlier), True

    async def _come_back(self, link: "Link", row: asyncpg.Record) -> asyncpg.Record:
        key = rows.key_of(row)
        move = Move.RESUMED if row["agent_replied"] else Move.REOPENED
        await SQL["come_back"].execute(
            link,
            organisation=key.organisation,
            conversation=key.conversation,
            state=TRANSITIONS[State.RESOLVED][move],
        )
        await trigger(link, key, Hint.CASE)
        return row

    async def _begin(
        self,
        link: "Link",
        inbound: Inbound,
        contact: ContactId,
        connection: Connection,
        earlier: asyncpg.Record | None,
    ) -> asyncpg.Record:
        conversation = ConversationId(uuid4())
        state = State.AI if inbound.starts_as_ai else State.WAITING
        values: dict[str, object] = {
            "case_id": case_id(conversation, 1),
            "agreed": None,
            "agreed_status": None,
            "last_open_status": None,
            "case_number": "",
        }
        if earlier is not None and earlier["left_open"] and earlier["case_id"] is not None:
            values = await self._take_over(link, earlier)
        await SQL["begin_conversation"].execute(
            link,
            organisation=inbound.organisation,
            conversation=conversation,
            connection=connection.id,
            channel=inbound.channel,
            peer=inbound.peer,
            address=inbound.address,
            contact=contact,
            earlier=None if earlier is None else earlier["id"],
            state=state,
            # What starts in `waiting` counts as handed off.
            wants_case=connection.settings.opening is Opening.CONVERSATION
            or state is State.WAITING,
            **values,
        )
        row = await SQL["lock_conversation"].fetchrow(
            link, organisation=inbound.organisation, conversation=conversation
        )
        if row is None:
            raise AssertionError("a conversation that was just begun")
        return row

    async def _take_over(self, link: "Link", earlier: asyncpg.Record) -> dict[str, object]:
        """The earlier conversation was resolved, its case is open still: append, no second case."""
        key = rows.key_of(earlier)
        await SQL["hand_over_case"].execute(
            link, organisation=key.organisation, conversation=key.conversation
        )
        await SQL["keep_case_link"].execute(
            link,
            organisation=key.organisation,
            connection=earlier["connection_id"],
            case_id=earlier["case_id"],
            conversation=key.conversation,
            ordinal=earlier["case_ordinal"],
            number=earlier["case_number"],
        )
        return {
            "case_id": earlier["case_id"],
            "agreed": "open",
            "agreed_status": earlier["agreed_status"],
            "last_open_status": earlier["last_open_status"],
            "case_number": earlier["case_number"],
        }

    async def _message(
        self,
        link: "Link",
        row: asyncpg.Record,
        *,
        author: Author,
        author_name: str,
        kind: MessageKind,
        text: str,
        provider_id: str,
        written_at: datetime,
    ) -> MessageId:
        message = _message_id(row, provider_id)
        await SQL["keep_message"].execute(
            link,
            organisation=row["organisation_id"],
            connection=row["connection_id"],
            message=message,
            conversation=row["id"],
            channel=row["channel_id"],
            peer=row["peer"],
            author=author,
            author_name=author_name,
            kind=kind,
            text=text,
            provider_id=provider_id,
            written_at=written_at,
            activity=activity_id(message, row["case_ordinal"]),
            ordinal=row["case_ordinal"],
            position=row["last_position"] + 1,
        )
        return message

    async def hand_off(
        self, key: ConversationKey, note: str, *, by: str = "", actor: str = ""
    ) -> State | None:
        """The conversation passes to a person; one that waits already gets the note alone.

        `by`: the name of who does it, for the agent. `actor`: the user whose deed it is, for the
        audit log; here and below.
        """
        async with transaction(self._pool, key.organisation) as link:
            row = await self._locked(link, key)
            if row is None:
                return None
            before = State(row["state"])
            if before is State.RESOLVED:
                return before
            after = TRANSITIONS[before][Move.HANDED_OFF]
            await SQL["hand_off"].execute(
                link, organisation=key.organisation, conversation=key.conversation, state=after
            )
            await self._message(
                link,
                row,
                author=Author.SYSTEM,
                author_name=by,
                kind=MessageKind.HANDOFF,
                text=note,
                provider_id="",
                written_at=datetime.now(tz=UTC),
            )
            await trigger(link, key, 0)
            await _audited(link, key, actor, "handed off", before, after)
            return after

    async def resolve(self, key: ConversationKey, *, actor: str = "") -> State | None:
        """T-here: resolved by the customer, the API, an AI, a user or a time limit."""
        async with transaction(self._pool, key.organisation) as link:
            row = await self._locked(link, key)
            if row is None:
                return None
            where = {"organisation": key.organisation, "conversation": key.conversation}
            resolved = await SQL["resolve_here"].fetchval(
                link, **where, last_position=row["last_position"]
            )
            if resolved:
                await SQL["owe_closing"].execute(link, **where, message=uuid4(), delivery=uuid4())
                await trigger(link, key, Hint.CASE)
                await _audited(link, key, actor, "resolved", row["state"], State.RESOLVED)
            return State.RESOLVED

    async def _locked(self, link: "Link", key: ConversationKey) -> asyncpg.Record | None:
        return await SQL["lock_conversation"].fetchrow(
            link, organisation=key.organisation, conversation=key.conversation
        )


async def _audited(
    link: "Link", key: ConversationKey, actor: str, action: str, before: str, after: str
) -> None:
    if actor:
        await record_of(link, key, actor=actor, action=action, before=before, after=after)


def _message_id(row: asyncpg.Record, provider_id: str) -> MessageId:
    """Derived where the channel names its messages.

    One that is repeated after the restore of an older backup meets the activity it became before.
    """
    if not provider_id:
        return MessageId(uuid4())
    return MessageId(uuid5(row["channel_id"], f"{row['peer']}\0{provider_id}"))
