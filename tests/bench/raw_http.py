"""HTTP at the least cost: what stands around the measured process must not be what is measured."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Final, cast

import httptools

Answerer = Callable[[str, str, bytes], tuple[int, bytes]]
"""Method, target and body of a request to the answer's status and JSON."""

REASONS: Final = {200: b"OK", 404: b"Not Found"}


class Answering(asyncio.Protocol):
    """One connection of a server."""

    def __init__(self, answer: Answerer) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._body: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of another class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        target, body = self._target.decode(), b"".join(self._body)
        self._target, self._body = b"", []
        status, content = self._answer(self._parser.get_method().decode(), target, body)
        head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nDate: %s\r\n" % (
            status,
            REASONS[status],
            formatdate(usegmt=True).encode(),
        )
        if self._transport is not None:
            self._transport.write(head + b"Content-Length: %d\r\n\r\n" % len(content) + content)


async def listen(answer: Answerer) -> tuple[asyncio.Server, str]:
    """A server on a free port of this machine, and its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(answer), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    return server, f"http://127.0.0.1:{port}"


class Asking(asyncio.Protocol):
    """One connection of a client; tells each answer's status, and takes the next request then."""

    def __init__(self, answered: Callable[["Asking", int], None]) -> None:
        self._answered = answered
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of another class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._answered(self, self._parser.get_status_code())

    def connection_lost(self, _reason: Exception | None) -> None:
        self._transport = None

    @property
    def lives(self) -> bool:
        return self._transport is not None

    def ask(self, request: bytes) -> None:
        assert self._transport is not None
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
