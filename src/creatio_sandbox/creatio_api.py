"""The ASGI application that programs talk to: sign-in, OData, files. All faults strike here."""

import asyncio
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from creatio_sandbox import files, signin, unmodelled
from creatio_sandbox.clock import Clock
from creatio_sandbox.faults import Weather
from creatio_sandbox.identity import HARMLESS, Identity, NoCsrfHeader, NotSignedIn
from creatio_sandbox.odata.answers import Answer, Call, error, no_resource
from creatio_sandbox.odata.batch import answer_batch
from creatio_sandbox.odata.resources import Resources
from creatio_sandbox.records import Author, Records

BODY_LIMIT_BYTES: Final = 64 * 1024 * 1024
LOGIN: Final = "/ServiceModel/AuthService.svc/Login"
ALIVE: Final = frozenset({"/api/HealthCheck/Ping", "/ping"})
HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
UNAVAILABLE: Final = b"<html><body><h1>Service Unavailable</h1></body></html>"


class Cut(Exception):
    """The connection is to be cut without a word."""


class Stall(Exception):
    """No answer is to come; the caller will give up some time."""


class TooLarge(Exception):
    """A body over the limit."""


@dataclass(slots=True)
class CreatioApi:
    records: Records
    resources: Resources
    identity: Identity
    weather: Weather
    clock: Clock
    prefixes: tuple[str, ...]  # "/0" and "", or one of them
    hang_up: Callable[[MutableMapping[str, Any]], None]  # cuts the caller's connection
    identity_alone: bool = False  # the identity service on a port of its own: nothing else there

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        cookies: tuple[str, ...] = ()
        try:
            body = await read_all(receive)
            answer, cookies = await self._weathered(scope, headers, body)
        except TooLarge:
            answer = Answer(413)
        except Stall:
            await receive()
            return
        except Cut:
            self.hang_up(scope)
            await receive()  # the disconnect: returning before it would make the server answer
            return
        raw = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in answer.headers.items()
        ]
        raw.append((b"content-length", str(len(answer.body)).encode()))
        raw.append((b"date", format_datetime(self.clock.now(), usegmt=True).encode()))
        raw += [(b"set-cookie", cookie.encode()) for cookie in cookies]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        content = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": content})

    async def _weathered(
        self, scope: Scope, headers: dict[str, str], body: bytes
    ) -> tuple[Answer, tuple[str, ...]]:
        weather = self.weather
        if weather.is_down:
            if weather.faults.down_refuses:
                raise Cut
            return Answer(503, UNAVAILABLE, HTML), ()
        if weather.is_in_maintenance:
            return Answer(200, signin.MAINTENANCE_PAGE, HTML), ()
        jumped = weather.clock_offset()
        if jumped is not None:
            self.clock.offset = jumped
        if weather.faults.latency_ms:
            await asyncio.sleep(weather.faults.latency_ms / 1000)
        if weather.strikes("cut"):
            raise Cut
        if weather.strikes("throttled"):
            wait = str(max(1, round(weather.faults.retry_after_s)))
            return Answer(429, b"", {"Retry-After": wait}), ()
        if weather.strikes("errors"):
            return broken(weather.choose("errors", (500, 502, 503))), ()
        answer, cookies = await self._route(scope, headers, body)
        if is_write(scope) and not answer.failed:
            if weather.strikes("stalled"):
                raise Stall
            if weather.strikes("answers_lost"):
                raise Cut
            if weather.strikes("after_commit"):
                return broken(500), ()
        return answer, cookies

    async def _route(
        self, scope: Scope, headers: dict[str, str], body: bytes
    ) -> tuple[Answer, tuple[str, ...]]:
        path: str = scope["path"]
        host = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        method = scope["method"]
        query = scope["query_string"].decode("latin-1")

        def call(rest: str, prefix: str) -> Call:
            return Call(method, unquote(rest), query, headers, body, f"{host}{prefix}/odata")

        if self.identity_alone:
            return self._identity(call("", ""), path, "") or Answer(404), ()
        if path == LOGIN:  # at the root on both platforms
            if method != "POST":
                return Answer(405), ()
            return signin.sign_in(call("", ""), self.identity)
        if path == "/" and "text/html" in headers.get("accept", ""):
            return Answer(302, b"", {"Location": "/desk"}), ()
        if path.startswith("/Login/"):
            return Answer(200, signin.LOGIN_PAGE, HTML), ()
        prefix, rest = ("/0", path[2:]) if path.startswith("/0/") else ("", path)
        about_identity = self._identity(call("", prefix), rest, prefix)
        if about_identity is not None:
            return about_identity, ()
        if rest in ALIVE:
            return Answer(200, b"", {"Content-Type": "text/plain"}), ()
        if rest == LOGIN:
            return Answer(401), ()
        if prefix not in self.prefixes:
            return Answer(404), ()
        if rest == "/odata" or rest.startswith("/odata/"):
            return await self._signed_in(call(rest[7:], prefix), prefix, self._odata), ()
        if rest.startswith("/rest/File"):
            return await self._signed_in(call(rest[1:], prefix), prefix, self._files), ()
        if lacking := unmodelled.service(rest):
            return await self._signed_in(call(rest[1:], prefix), prefix, lambda *_: lacking), ()
        return Answer(404), ()

    def _identity(self, call: Call, path: str, prefix: str) -> Answer | None:
        match path:
            case "/connect/token":
                return signin.give_token(call, self.identity)
            case "/connect/revocation":
                return signin.revoke_token(call, self.identity)
            case "/.well-known/openid-configuration":
                return signin.discovery(call, prefix)
            case "/connect/authorize":
                return unmodelled.lacking("the authorization code grant, /connect/authorize")
            case _:
                return None

    async def _signed_in(
        self,
        call: Call,
        prefix: str,
        then: Callable[[Call, Author, Callable[[], datetime]], Answer],
    ) -> Answer:
        for kind, sessions in (("sessions_expired", True), ("token_rejected", False)):
            if self.weather.strikes(kind):
                self.identity.forget(call.headers, sessions=sessions)
        self.identity.strict_csrf = self.weather.faults.strict_csrf
        try:
            author = self.identity.author(call.method, call.headers)
        except NotSignedIn as failure:
            return signin.send_away(call, prefix, bearer=failure.bearer)
        except NoCsrfHeader:
            return Answer(403)
        if self.weather.strikes("forbidden"):
            return Answer(403)
        refused = self.weather.meter.refusal(
            author.user,
            self.clock,
            daily=self.weather.faults.daily_calls,
            per_second=self.weather.faults.calls_per_second,
        )
        if refused is not None:
            return refused
        if call.method not in HARMLESS and self.weather.strikes("late"):
            stamped = self.clock.now()
            await asyncio.sleep(self.weather.faults.late_ms / 1000)
            return then(call, author, lambda: stamped)
        return then(call, author, self.clock.now)

    def _odata(self, call: Call, author: Author, now: Callable[[], datetime]) -> Answer:
        if "x-http-method-override" in call.headers:
            return Answer(405)
        if call.path.strip("/") == "$batch":
            if call.method != "POST":
                return Answer(405)
            return answer_batch(call, self.records, lambda c: self._one(c, author, now))
        return self._one(call, author, now)

    def _one(self, call: Call, author: Author, now: Callable[[], datetime]) -> Answer:
        faults = self.weather.faults
        in_model = call.path.strip("/") not in {"", "$metadata"}
        if in_model and self.weather.is_rebuilding:
            name = re.split(r"[/(]", call.path)[0]
            return no_resource(f"{call.root}/{call.path}", name)
        is_read = call.method == "GET" and in_model
        if faults.whole_rows_broken and is_read and "select" not in call.query:
            name = call.path.split("(")[0]
            inner = (
                "The 'ObjectContent`1' type failed to serialize the response body for content type "
                "'application/json; odata.metadata=minimal'. The EDM instance of type "
                f"'[Terrasoft.Configuration.OData.{name}]' is missing the property 'UsrStale'."
            )
            return error(500, "An error has occurred.", inner, "System.InvalidOperationException")
        answer = self.resources.answer(call, author, now())
        unknown = answer.status == 400 and b"does not exist on type" in answer.body
        if faults.swallow_unknown and call.method == "PATCH" and unknown:
            return Answer(204, b"", {"OData-Version": "4.0"})
        return answer

    def _files(self, call: Call, author: Author, now: Callable[[], datetime]) -> Answer:
        if self.weather.is_rebuilding:
            return files.while_rebuilding()
        return files.answer(self.records, self.resources.gate, call, author, now())


def broken(status: int) -> Answer:
    return (
        Answer(status, UNAVAILABLE, HTML)
        if status > 500
        else error(
            500,
            "An error has occurred.",
            "Object reference not set to an instance of an object.",
            "System.NullReferenceException",
        )
    )


def is_write(scope: Scope) -> bool:
    """Of records or files: signing in changes nothing that could be lost."""
    path: str = scope["path"]
    return scope["method"] not in HARMLESS and ("/odata/" in path or "/rest/" in path)


async def read_all(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Cut
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise TooLarge
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
