"""A far side that does what a test says: a loopback HTTP server, byte by byte."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Got:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    """Raw bytes, and then: keep the connection, cut it, or keep silent for ever."""

    raw: bytes = b""
    cut: bool = False
    silent: bool = False


def says(
    status: int = 200,
    body: bytes | str | dict[str, Any] | list[Any] = b"",
    *,
    content_type: str = "application/json; odata.metadata=minimal",
    date: datetime | None = NOW,
    extra: tuple[tuple[str, str], ...] = (),
) -> Says:
    content = body if isinstance(body, bytes) else _bytes(body)
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if date:
        lines.append(f"Date: {format_datetime(date, usegmt=True)}")
    lines += [f"{name}: {value}" for name, value in extra]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return Says(head if status == 204 else head + content)


def _bytes(body: str | dict[str, Any] | list[Any]) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


CUT = Says(cut=True)
SILENT = Says(silent=True)
LOGIN_PAGE = says(200, "<html><body data-page='bootstrap.login'>", content_type="text/html")


@dataclass
class Far:
    """`answer` decides; what was asked is kept in `got`."""

    answer: Callable[[Got], Says]
    url: str = ""
    got: list[Got] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def count(self, method: str, part: str) -> int:
        return sum(one.method == method and part in one.path for one in self.got)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                got = await _read(reader)
                if got is None:
                    return
                self.got.append(got)
                says = self.answer(got)
                if says.silent:
                    await reader.read()  # until the client has had enough
                    return
                writer.write(says.raw)
                await writer.drain()
                if says.cut:
                    return
        except ConnectionError:
            return
        except BaseException as failure:
            self.failures.append(failure)
            raise
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Got | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(method, path, headers, body)


@asynccontextmanager
async def far(
    answer: Callable[[Got], Says], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Far]:
    there = Far(answer)
    running: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(there._serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    there.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield there
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        assert not [f for f in there.failures if not isinstance(f, asyncio.CancelledError)]
