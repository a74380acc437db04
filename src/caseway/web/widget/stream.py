"""The event stream of one visitor: what becomes visible, as it happens (HTML Standard 9.2)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from caseway.domain.connection import ChannelAccount
from caseway.domain.ids import MessageId
from caseway.ports import Transcript, Visitor
from caseway.web.widget import wire
from caseway.web.widget.entrance import Entrance
from caseway.web.widget.watching import Watch, Watchers

PING_EVERY: Final = timedelta(seconds=15)
LOOK_EVERY: Final = timedelta(seconds=5)  # while nobody tells us of changes
# A row stamped before the cursor may commit after it was read; the widget knows repeats by id.
OVERLAP: Final = timedelta(seconds=10)
PING: Final = b": ping\n\n"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Told:
    """What a stream has said so far, and how to say the rest."""

    def __init__(self, after: datetime) -> None:
        self._through = after
        self._known: dict[MessageId, None] = {}
        self._state = ""

    @property
    def since(self) -> datetime:
        return max(wire.EPOCH, self._through - OVERLAP)

    def news(self, transcript: Transcript) -> bytes:
        events: list[bytes] = []
        for line in transcript.lines:
            if line.id not in self._known:
                self._known[line.id] = None
                self._through = max(self._through, line.shown_at)
                placed = wire.Placed.at(line, wire.cursor_of(self._through))
                events.append(_event("message", placed))
        self._known = {line.id: None for line in transcript.lines}
        state = wire.state_of(transcript)
        if state != self._state:
            self._state = state
            told = wire.StateOut(state, wire.cursor_of(self._through))
            events.append(_event("state", told))
        return b"".join(events)


def _event(kind: str, told: msgspec.Struct) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(told) + b"\n\n"


class Streams:
    def __init__(self, entrance: Entrance, watchers: Watchers) -> None:
        self._entrance = entrance
        self._watchers = watchers

    async def stream(self, request: Request, account: ChannelAccount) -> Response:
        visitor = await self._entrance.visitor(request, account)
        after = wire.moment_of(request.query_params.get("after") or wire.FIRST)
        following = self._follow(visitor, Told(after))
        # The first part is made before the answer begins: too many streams is still a refusal.
        first = await anext(following)
        return StreamingResponse(
            _with_first(first, following), media_type="text/event-stream", headers=HEADERS
        )

    async def _follow(self, visitor: Visitor, told: Told) -> AsyncIterator[bytes]:
        with self._watchers.watch((visitor.channel, visitor.session)) as watch:
            watch.of([(visitor.channel, visitor.peer)])
            while not self._watchers.is_closing:
                sessions = self._entrance.parts.sessions
                transcript = await sessions.transcript(visitor, since=told.since)
                yield told.news(transcript) or PING
                watch.of(transcript.conversations)
                await self._wait(watch)

    async def _wait(self, watch: Watch) -> None:
        listening = self._entrance.parts.wakes.is_listening
        await watch.wait(PING_EVERY if listening else LOOK_EVERY)


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
