"""/widget/v1/…: the server side of the chat widget, and the script itself."""

from dataclasses import replace
from typing import Final
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain.connection import ChannelAccount, WidgetLimits
from caseway.domain.conversation import Author
from caseway.domain.ids import ConnectionKey
from caseway.ports import Inbound, Limit, Visitor
from caseway.web import assets
from caseway.web.parts import Parts
from caseway.web.problems import Problem
from caseway.web.widget import identity, limits, tokens, wire
from caseway.web.widget.entrance import Entrance
from caseway.web.widget.stream import Streams
from caseway.web.widget.watching import Watchers

NO_IDENTITIES: Final = "This widget takes no signed identities: none of its secrets is set."
TOO_LONG: Final = (
    "A message may have {most:,} characters, and this one has {n:,}. Send it in parts."
)
NOT_BUILT: Final = "The widget's script was not built into this installation."
LONGEST_ID: Final = 255


class Widget:
    def __init__(self, parts: Parts, watchers: Watchers) -> None:
        self._parts = parts
        self._watchers = watchers
        self._entrance = Entrance(parts)

    def routes(self) -> list[Route]:
        streams = Streams(self._entrance, self._watchers)
        door = self._entrance
        return [
            door.route("settings", GET=self.settings),
            door.route("sessions", POST=self.open_session),
            door.route("messages", GET=self.history, POST=self.write),
            door.route("stream", GET=streams.stream),
            door.route("acknowledgements", POST=self.acknowledge),
        ]

    async def settings(self, _request: Request, account: ChannelAccount) -> Response:
        """What a page's widget shows before anybody writes; nothing is kept of who asks."""
        return _json(wire.SettingsOut.of(account.settings))

    async def open_session(self, request: Request, account: ChannelAccount) -> Response:
        asked = wire.decode(await request.body(), wire.SessionIn)
        await self._take(account, limits.for_session(account.id, _address(request)))
        visitor = self._visitor(account, asked.identity)
        token = tokens.make()
        presented = tokens.read(token)
        assert presented is not None  # noqa: S101 - we composed it
        await self._parts.sessions.open(
            replace(visitor, session=presented.session), presented.digest
        )
        return _json(wire.SessionOut(token), 201)

    def _visitor(self, account: ChannelAccount, signed: str | None) -> Visitor:
        peer, name, email = f"{identity.ANONYMOUS}{uuid4()}", "", ""
        if signed:
            if account.secret is None or not account.settings.identity_secret_set:
                raise Problem(401, NO_IDENTITIES)
            now = self._parts.now()
            known = identity.verify(signed, account.secrets(now=now), now=now)
            peer, name, email = known.subject, known.name, known.email
        return Visitor(
            organisation=account.organisation,
            channel=account.id,
            session="",
            peer=peer,
            identified=bool(signed),
            name=name,
            email=email,
        )

    async def history(self, request: Request, account: ChannelAccount) -> Response:
        visitor = await self._entrance.visitor(request, account)
        after = request.query_params.get("after")
        since = wire.moment_of(after) if after else None
        return _json(
            wire.HistoryOut.of(await self._parts.sessions.transcript(visitor, since=since))
        )

    async def write(self, request: Request, account: ChannelAccount) -> Response:
        visitor = await self._entrance.visitor(request, account)
        asked = wire.decode(await request.body(), wire.MessageIn)
        _check(asked, account.settings.limits)
        sessions = self._parts.sessions
        line = await sessions.line(visitor, asked.client_id)
        status = 200
        if line is None:
            begins = not await sessions.is_open(visitor)
            wanted = limits.for_message(account, _address(request), begins=begins)
            await self._take(account, wanted)
            status = 201 if await self._keep(account, visitor, asked) else 200
            self._watchers.wake((visitor.channel, visitor.peer))
            line = await sessions.line(visitor, asked.client_id)
        assert line is not None  # noqa: S101 - it was committed
        return _json(wire.Placed.at(line, wire.cursor_of(line.shown_at)), status)

    async def _keep(self, account: ChannelAccount, visitor: Visitor, asked: wire.MessageIn) -> bool:
        """False: another request of this device was faster with the same message."""
        key = ConnectionKey(account.organisation, account.connection)
        inbound = Inbound(
            organisation=account.organisation,
            channel=account.id,
            peer=visitor.peer,
            address=visitor.peer,
            author=Author.CONTACT,
            name=visitor.name,
            email=visitor.email,
            phone="",
            verified=visitor.identified,
            text=asked.text,
            provider_id=asked.client_id,
            written_at=self._parts.now(),
            starts_as_ai=account.settings.starts_as_ai,
        )
        connection = await self._parts.directory.connection(key)
        kept = await self._parts.intake.keep(inbound, connection)
        return kept.new_message

    async def acknowledge(self, request: Request, account: ChannelAccount) -> Response:
        visitor = await self._entrance.visitor(request, account)
        asked = wire.decode(await request.body(), wire.AcknowledgementIn)
        await self._parts.sessions.acknowledge(visitor, wire.moment_of(asked.cursor))
        return Response(status_code=204)

    async def _take(self, account: ChannelAccount, wanted: list[Limit]) -> None:
        full = await self._parts.rates.take(account.organisation, wanted)
        if full is not None:
            raise Problem(429, limits.words(full[0]), retry_after=full[1])


def script_route() -> Route:
    """The script is public: any page may load it, the channel says which may use it."""
    script = assets.read("built/widget.js")

    async def give(request: Request) -> Response:
        if script is None:
            raise Problem(404, NOT_BUILT)
        return script.answer(request, cross_origin=True)

    return Route("/widget.js", give)


def _check(asked: wire.MessageIn, allowed: WidgetLimits) -> None:
    if len(asked.text) > allowed.characters:
        raise Problem(413, TOO_LONG.format(most=allowed.characters, n=len(asked.text)))
    if not asked.text.strip():
        raise Problem(400, "The message is empty.")
    if not 0 < len(asked.client_id) <= LONGEST_ID:
        raise Problem(400, f"client_id has between 1 and {LONGEST_ID} characters.")
    if "\x00" in asked.text or "\x00" in asked.client_id:
        raise Problem(400, "A message holds no NUL character.")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _json(told: msgspec.Struct, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(told),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
