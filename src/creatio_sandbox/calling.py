"""Sends one request to a web service, and tries again at once where it is told to."""

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from creatio_sandbox.clock import Clock, stamp
from creatio_sandbox.runs import Attempt

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv6Network("::1/128"),
)
AT_ONCE: Final = 32
ANSWER_KEPT_BYTES: Final = 4096


class Forbidden(OSError):
    """The address lies outside the networks that processes may call."""


@dataclass(slots=True)
class Guard(AbstractResolver):
    """Looks at every resolved address, so that a name cannot lead elsewhere."""

    networks: Sequence[Network]

    def check(self, address: str) -> None:
        known = ipaddress.ip_address(address)
        if not any(known in network for network in self.networks):
            allowed = ", ".join(str(network) for network in self.networks)
            raise Forbidden(
                f"{address} is outside the networks that processes may call ({allowed}). "
                "Start the sandbox with --allow-webhooks-to to widen them."
            )

    def check_url(self, url: str) -> None:
        """Literal addresses are never resolved, so they are looked at here."""
        host = urlsplit(url).hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        self.check(host)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await ThreadedResolver().resolve(host, port, family)
        for each in found:
            self.check(each["host"])
        return found

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_ms: int
    retries: int


def succeeded(attempt: Attempt) -> bool:
    """An error code is 400 or more."""
    return attempt.status is not None and attempt.status < 400


@dataclass(slots=True)
class Line:
    """The way out, for processes and for test requests alike."""

    guard: Guard
    clock: Clock
    _http: aiohttp.ClientSession | None = None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(resolver=self.guard, limit=AT_ONCE)
        self._http = aiohttp.ClientSession(connector=connector, trust_env=False)
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._http is not None:
            await self._http.close()

    async def attempts(self, request: Outgoing) -> AsyncIterator[Attempt]:
        """Each as it ends. The last one is the verdict."""
        for _ in range(1 + request.retries):
            async with self._slots:
                attempt = await self.attempt(request)
            yield attempt
            if succeeded(attempt):
                return

    async def attempt(self, request: Outgoing) -> Attempt:
        started = time.perf_counter()
        attempt = Attempt(at=stamp(self.clock.now()), duration_ms=0)
        try:
            self.guard.check_url(request.url)
            assert self._http is not None  # noqa: S101 (entered before anything can run)
            async with (
                asyncio.timeout(request.timeout_ms / 1000),
                self._http.request(
                    request.method,
                    request.url,
                    data=request.body or None,
                    headers=request.headers,
                    allow_redirects=False,
                ) as answer,
            ):
                content = await answer.content.read(ANSWER_KEPT_BYTES)
                attempt.status = answer.status
                attempt.answer = content.decode("utf-8", "replace")
        except TimeoutError:
            attempt.error = f"No answer within {request.timeout_ms} ms."
        except aiohttp.ClientConnectorError as failure:
            attempt.error = f"Cannot connect to {failure.host}:{failure.port}: {failure.os_error}."
        except aiohttp.InvalidURL:
            attempt.error = f"'{request.url}' is not an address."
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            attempt.error = str(failure) or type(failure).__name__
        attempt.duration_ms = round((time.perf_counter() - started) * 1000, 1)
        return attempt
