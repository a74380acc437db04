"""What every answer carries, which names we answer to, and who may post forms."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from caseway.web.problems import Problem

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE: Final = frozenset({"same-origin", "none"})
NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Who shows a bearer token needs no cookie, so no other site can ride on it.
BY_TOKEN: Final = ("/api/", "/widget/v1/")


class SecurityHeaders:
    """A page that needs more than nothing sets its own policy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", NOTHING)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
                headers.setdefault("X-Frame-Options", "DENY")
            await send(message)

        await self._app(scope, receive, with_headers)


class KnownHosts:
    """Refuses names that are not ours: a foreign name that resolves to us would make our pages
    part of a foreign site.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and _name(Headers(scope=scope).get("host", "")) not in self._hosts
        ):
            problem = Problem(
                400,
                "This is not the name of this installation. Open it by its own address, or have "
                "the operator add the name to CASEWAY_ALLOWED_HOSTS.",
            )
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


class OwnForms:
    """Refuses what another site's page posts: by Fetch Metadata, else by Origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_own(scope):
            problem = Problem(403, "This request comes from another site's page.")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_own(scope: Scope) -> bool:
    if scope["method"] in SAFE or scope["path"].startswith(BY_TOKEN):
        return True
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in OWN_SITE
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _name(host: str) -> str:
    """Without the port, and an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
