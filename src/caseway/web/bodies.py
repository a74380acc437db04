"""Reading a request's body: counted while it streams, and not for ever."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from caseway.web import texts
from caseway.web.problems import Problem

WITHIN: Final = timedelta(seconds=10)
# A body that is too large is read on for a while, unkept: many callers read no answer before
# they have sent everything.
PATIENCE_BYTES: Final = 1024 * 1024


class Broken(Enum):
    TOO_LARGE = auto()
    TOO_SLOW = auto()
    GONE = auto()  # the caller hung up


@dataclass(frozen=True, slots=True)
class Body:
    content: bytes  # as far as it was read, at most the limit
    broken: Broken | None = None


async def read(
    receive: Receive, *, limit_bytes: int, within: timedelta = WITHIN, first: Message | None = None
) -> Body:
    """The whole body, or what there was of it and why it is not whole."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within.total_seconds()):
            while True:
                message = first or await receive()
                first = None
                if message["type"] == "http.disconnect":
                    return Body(b"".join(parts), Broken.GONE)
                part = message.get("body", b"")
                if size <= limit_bytes:
                    parts.append(part[: limit_bytes - size])
                size += len(part)
                if size > PATIENCE_BYTES or not message.get("more_body", False):
                    break
    except TimeoutError:
        return Body(b"".join(parts), Broken.TOO_LARGE if size > limit_bytes else Broken.TOO_SLOW)
    return Body(b"".join(parts), Broken.TOO_LARGE if size > limit_bytes else None)


class WholeBodies:
    """Reads each body before the application sees the request, so that none is unbounded."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if texts.address_holds_nul(scope):
            await _refuse(400, texts.REFUSAL, scope, receive, send)
            return
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        body = await read(receive, limit_bytes=self._limit_bytes)
        match body.broken:
            case None if texts.form_holds_nul(scope, body.content):
                await _refuse(400, texts.REFUSAL, scope, receive, send)
            case None:
                await self._app(scope, _replay(body.content, receive), send)
            case Broken.TOO_LARGE:
                detail = f"The body is larger than {self._limit_bytes // 1024} KiB."
                await _refuse(413, detail, scope, receive, send)
            case Broken.TOO_SLOW:
                detail = f"The body did not arrive within {WITHIN.total_seconds():.0f} s."
                await _refuse(408, detail, scope, receive, send)
            case Broken.GONE:
                return


async def _refuse(status: int, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem(status, detail, headers={"Connection": "close"})
    await problem.response()(scope, receive, send)


def _replay(content: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
