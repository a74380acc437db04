"""The one way out of the house: every request that Caseway makes of its own passes here.

An address is judged after it was resolved, on each connect, and the connection goes to the very
address that was judged. What is not public on the internet is reached only inside the networks
that the operator allows; link-local addresses (a cloud's metadata) never. Plain http only goes
inside the allowed networks. Redirects are answers like any other, never followed.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_UNSPEC, AddressFamily
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

CONNECT_TIMEOUT_SECONDS: Final = 5.0
LONGEST_RETRY_AFTER: Final = timedelta(days=1)
LIMIT_BYTES: Final = 16 * 1024 * 1024
USER_AGENT: Final = "Caseway"
_PUBLIC_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_ALLOW_REMEDY: Final = (
    "If this address is meant, the operator adds its network to CASEWAY_ALLOWED_NETWORKS."
)
_NEVER_REMEDY: Final = "Give another address: a link-local one is never called."
_ENCRYPT_REMEDY: Final = "Write the address with https:// in place of http://."


class NotReached(Exception):
    """Nothing was sent: no such name, no connection, no trust."""

    def __init__(self, reason: str, *, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class AddressRefused(NotReached):
    """We do not go there, whatever answers."""


class NoAnswer(Exception):
    """The request may have arrived; no whole answer came back."""


class TooLarge(NoAnswer):
    """The answer is larger than we read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Any answer, whatever its status. The body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Lower case, without its parameters; empty if there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def at(self) -> datetime | None:
        """Its `Date`, UTC: the far side's clock."""
        return _moment(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> timedelta | None:
        """Given in seconds, or as a date, which is measured against the answer's own `Date`."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return min(timedelta(seconds=int(value[:9])), LONGEST_RETRY_AFTER)
        until, now = _moment(value), self.at
        if until is None or now is None:
            return None
        return max(timedelta(), min(until - now, LONGEST_RETRY_AFTER))

    def all(self, name: str) -> list[str]:
        """Every value of a header that may come more than once."""
        if isinstance(self.headers, CIMultiDictProxy):
            return self.headers.getall(name, [])
        return [self.headers[name]] if name in self.headers else []


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), or the same."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def refusal(address: Address, allowed: Sequence[Network], *, plain: bool) -> str:
    """Why we do not connect to this address; empty if we do. `plain`: without TLS."""
    real = unwrapped(address)
    if real.is_link_local:
        return "it is link-local"
    if any(real.version == network.version and real in network for network in allowed):
        return ""
    if plain:
        return "plain http is spoken only inside the allowed networks"
    if real.is_multicast or not real.is_global:
        return "it is not public"
    if isinstance(real, IPv6Address) and real not in _PUBLIC_V6:
        return "it is not public"
    return ""


def way_out(address: Address, *, plain: bool) -> str:
    """What to do about a refusal."""
    real = unwrapped(address)
    if real.is_link_local:
        return _NEVER_REMEDY
    return _ENCRYPT_REMEDY if plain and real.is_global else _ALLOW_REMEDY


class GuardedResolver(AbstractResolver):
    """Leaves only addresses that may be connected to; with none left, says why."""

    def __init__(self, allowed: Sequence[Network], *, plain: bool) -> None:
        self._allowed = tuple(allowed)
        self._plain = plain
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        refused = None
        kept = []
        for result in found:
            address = ipaddress.ip_address(result["host"])
            why = refusal(address, self._allowed, plain=self._plain)
            if why:
                remedy = way_out(address, plain=self._plain)
                refused = AddressRefused(f"{host} is {result['host']}: {why}", remedy=remedy)
            else:
                kept.append(result)
        if refused is not None and not kept:
            raise refused
        return kept

    async def close(self) -> None:
        await self._resolver.close()


class Outside:
    """Sessions to the outside, shared by everything that speaks HTTP; `async with` opens it."""

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        tls: ssl.SSLContext | None = None,
        connections: int = 200,
        connections_per_host: int = 32,
    ) -> None:
        self._allowed = tuple(allowed)
        self._tls = tls
        self._connections = connections
        self._connections_per_host = connections_per_host
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._literal = lru_cache(maxsize=1024)(self._judge_literal)

    async def __aenter__(self) -> Self:
        self._sessions = {"https": self._session(plain=False), "http": self._session(plain=True)}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions = {}

    async def ask(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within_seconds: float,
        limit_bytes: int = LIMIT_BYTES,
    ) -> Answer:
        """Make one request and read its whole answer. Raise `NotReached` or `NoAnswer`."""
        session = self._sessions.get(url.scheme)
        if session is None or url.host is None:
            raise NotReached(f"{url.scheme}://{url.host or ''} is no address for http")
        self._let_pass(url.host, url.scheme)
        timeout = aiohttp.ClientTimeout(
            total=max(within_seconds, 0.001), sock_connect=CONNECT_TIMEOUT_SECONDS
        )
        try:
            async with session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await _read(response, limit_bytes))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotReached(_unreached(error, url.host)) from error
        except aiohttp.InvalidURL:
            raise NotReached(f"{url.host} is no address for http") from None
        except TimeoutError as error:
            raise NoAnswer(f"{url.host} did not answer within {within_seconds:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{url.host} broke off ({type(error).__name__})") from error

    async def addresses(self, url: URL) -> list[str]:
        """Where a request would go, without making it. Raise `NotReached`."""
        host = url.host or ""
        self._let_pass(host, url.scheme)
        resolver = GuardedResolver(self._allowed, plain=url.scheme == "http")
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                found = await resolver.resolve(host, url.port or 443)
        except (OSError, TimeoutError) as error:
            raise NotReached(f"there is no address for {host}") from error
        finally:
            await resolver.close()
        return sorted({result["host"] for result in found})

    def _let_pass(self, host: str, scheme: str) -> None:
        reason, remedy = self._literal(host, scheme)
        if reason:
            raise AddressRefused(reason, remedy=remedy)

    def _judge_literal(self, host: str, scheme: str) -> tuple[str, str]:
        """Why we do not go there, and what to do; empty if we do."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return "", ""  # a name: judged when it is resolved
        plain = scheme == "http"
        why = refusal(address, self._allowed, plain=plain)
        return (f"{host}: {why}", way_out(address, plain=plain)) if why else ("", "")

    def _session(self, *, plain: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._allowed, plain=plain),
            limit=self._connections,
            limit_per_host=self._connections_per_host,
            ssl=self._tls or True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers=CIMultiDict({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"}),
            cookie_jar=aiohttp.DummyCookieJar(),  # a cookie belongs to one connection
            trust_env=False,
            raise_for_status=False,
        )


@lru_cache(maxsize=64)  # one a second, and the parser is slow
def _moment(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


async def _read(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    announced = response.content_length
    if announced is not None and announced > limit_bytes:
        raise TooLarge(f"an answer of {announced} bytes is larger than {limit_bytes}")
    if announced is not None and "Content-Encoding" not in response.headers:
        return await response.read()
    parts = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit_bytes:
            raise TooLarge(f"the answer is larger than {limit_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _unreached(error: aiohttp.ClientError, host: str) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"there is no address for {host}"
        case aiohttp.ClientConnectorCertificateError():
            return f"the certificate of {host} is not trusted"
        case aiohttp.ClientSSLError():
            return f"no TLS with {host}"
        case aiohttp.ConnectionTimeoutError():
            return f"no connection to {host} within {CONNECT_TIMEOUT_SECONDS:.0f} s"
        case _:
            return f"no connection to {host}"
