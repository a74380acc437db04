"""/api/v1/conversations: whatever channel there is, it can be joined here."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from caseway.domain.connection import ChannelAccount, Connection
from caseway.domain.conversation import Author, State
from caseway.domain.ids import ConnectionKey, ConversationId, ConversationKey, OrganisationId
from caseway.ports import Answered, Inbound, Kept, Overview
from caseway.web.api import cursors
from caseway.web.api.keys import Reader, Writer
from caseway.web.api.models import (
    ConversationIn,
    ConversationOut,
    HandOffIn,
    MessageIn,
    MessageOut,
    MessagesOut,
)
from caseway.web.api.once import Attempt, IdempotencyKey, once
from caseway.web.api.people import normalised_phone, peer_of
from caseway.web.api.refusals import READING, WRITING, refusals
from caseway.web.parts import Parts
from caseway.web.problems import Problem

routes: Final = APIRouter(prefix="/api/v1/conversations", tags=["Conversations"])
NO_CONVERSATION: Final = "There is no such conversation."
RESOLVED: Final = "The conversation is resolved: nothing is left to hand off."
ENDED: Final = "The conversation is resolved: only its contact can begin the next."
JOINED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": ConversationOut, "description": "The message joined an open conversation."}
}
REPEATED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": MessageOut, "description": "We had it already: the same message."}
}


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Using = Annotated[Parts, Depends(_parts)]


@routes.post(
    "",
    status_code=201,
    response_model=ConversationOut,
    responses=JOINED | refusals(*WRITING),
    summary="A contact writes",
)
async def begin(
    request: Request,
    body: ConversationIn,
    caller: Writer,
    parts: Using,
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """The message begins a conversation, or joins the open one of the same contact."""

    async def effect(attempt: Attempt) -> Answered:
        account, connection = await _channel(parts, caller, body.channel)
        kept = await parts.intake.keep(_inbound(parts, account, body, attempt), connection)
        seen = await _seen(parts, kept.key)
        return _answered(201 if kept.new_conversation else 200, ConversationOut.of(seen))

    asked = body.model_dump_json()
    return await once(parts.repeats, request, caller, idempotency_key, asked=asked, effect=effect)


@routes.get("/{id}", responses=refusals(*READING), summary="One conversation")
async def conversation(id: UUID, caller: Reader, parts: Using) -> ConversationOut:
    return ConversationOut.of(await _seen(parts, _key(caller, id)))


@routes.get("/{id}/messages", responses=refusals(*READING), summary="Its messages, in order")
async def messages(
    id: UUID,
    caller: Reader,
    parts: Using,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MessagesOut:
    after = cursors.position_of(cursor) if cursor else 0
    key = _key(caller, id)
    await _seen(parts, key)
    found = await parts.reads.messages(key, after=after, limit=limit + 1)
    more = cursors.of_position(found[limit - 1].position) if len(found) > limit else None
    return MessagesOut(items=[MessageOut.of(said) for said in found[:limit]], next=more)


@routes.post(
    "/{id}/messages",
    status_code=201,
    response_model=MessageOut,
    responses=REPEATED | refusals(*WRITING),
    summary="The contact, or your AI, writes on",
)
async def write(
    id: UUID,
    request: Request,
    body: MessageIn,
    caller: Writer,
    parts: Using,
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """On a resolved conversation a contact's message begins the next: see `conversation_id`."""
    key = _key(caller, id)

    async def effect(attempt: Attempt) -> Answered:
        seen = await _seen(parts, key)
        if seen.state is State.RESOLVED and Author(body.author) is Author.AI:
            raise Problem(409, ENDED)
        account, connection = await _way(parts, seen)
        kept = await parts.intake.add(
            key,
            author=Author(body.author),
            text=body.text,
            provider_id=attempt.provider_id(body.external_id),
            connection=connection,
            starts_as_ai=account.settings.starts_as_ai,
        )
        return _answered(201 if kept and kept.new_message else 200, await _said(parts, kept))

    asked = body.model_dump_json()
    return await once(parts.repeats, request, caller, idempotency_key, asked=asked, effect=effect)


@routes.post(
    "/{id}/hand-off",
    response_model=ConversationOut,
    responses=refusals(*WRITING),
    summary="A person takes over",
)
async def hand_off(
    id: UUID,
    request: Request,
    caller: Writer,
    parts: Using,
    body: HandOffIn | None = None,
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """The note goes to the case. A conversation that waits already gets the note alone."""
    key = _key(caller, id)
    note = (body.note if body else "").strip()

    async def effect(attempt: Attempt) -> Answered:
        since = attempt.repeated_since
        if since is None or not await parts.reads.handed_off_since(key, since):
            state = await parts.intake.hand_off(key, note)
            if state is State.RESOLVED:
                raise Problem(409, RESOLVED)
        return _answered(200, ConversationOut.of(await _seen(parts, key)))

    return await once(parts.repeats, request, caller, idempotency_key, asked=note, effect=effect)


@routes.post(
    "/{id}/resolve",
    response_model=ConversationOut,
    responses=refusals(*WRITING),
    summary="The conversation is resolved",
)
async def resolve(
    id: UUID, request: Request, caller: Writer, parts: Using, idempotency_key: IdempotencyKey = ""
) -> Response:
    """The customer is told, and the case follows where a resolved status is configured."""
    key = _key(caller, id)

    async def effect(attempt: Attempt) -> Answered:
        del attempt  # resolving twice is the same as once
        await parts.intake.resolve(key)
        return _answered(200, ConversationOut.of(await _seen(parts, key)))

    return await once(parts.repeats, request, caller, idempotency_key, asked="", effect=effect)


def _key(organisation: OrganisationId, id: UUID) -> ConversationKey:
    return ConversationKey(organisation, ConversationId(id))


async def _seen(parts: Parts, key: ConversationKey) -> Overview:
    seen = await parts.reads.conversation(key)
    if seen is None:
        raise Problem(404, NO_CONVERSATION)
    return seen


async def _said(parts: Parts, kept: Kept | None) -> MessageOut:
    said = None if kept is None else await parts.reads.message(kept.key, kept.message)
    if said is None:
        raise Problem(404, NO_CONVERSATION)
    return MessageOut.of(said)


async def _channel(
    parts: Parts, organisation: OrganisationId, name: str
) -> tuple[ChannelAccount, Connection]:
    found = await parts.reads.channel_named(organisation, name)
    account = None if found is None else await parts.directory.channel(organisation, found)
    if account is None or account.kind != "api":
        raise Problem(404, "channel: there is no API channel of this id or name.")
    key = ConnectionKey(organisation, account.connection)
    return account, await parts.directory.connection(key)


async def _way(parts: Parts, seen: Overview) -> tuple[ChannelAccount, Connection]:
    account = await parts.directory.channel(seen.key.organisation, seen.channel)
    key = ConnectionKey(seen.key.organisation, account.connection)
    return account, await parts.directory.connection(key)


def _inbound(
    parts: Parts, account: ChannelAccount, body: ConversationIn, attempt: Attempt
) -> Inbound:
    contact = body.contact
    phone = normalised_phone(contact.phone)
    peer = peer_of(contact, phone=phone, otherwise=attempt.somebody)
    return Inbound(
        organisation=account.organisation,
        channel=account.id,
        peer=peer,
        address=peer,
        author=Author.CONTACT,
        name=contact.name.strip(),
        email=contact.email,
        phone=phone,
        verified=True,
        text=body.message.text,
        provider_id=attempt.provider_id(body.message.external_id),
        written_at=parts.now(),
        starts_as_ai=account.settings.starts_as_ai,
    )


def _answered(status: int, answer: ConversationOut | MessageOut) -> Answered:
    return Answered(status, answer.model_dump_json().encode())
