"""Draws a page of the dashboard into the frame that all of them share."""

import gzip
import json
import re
from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import cache, partial
from typing import Final, Protocol

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from caseway.domain.roles import Action, Role
from caseway.domain.zones import hours_are_called
from caseway.web import assets, pages
from caseway.web.dashboard import times
from caseway.web.dashboard.navigation import navigation
from caseway.web.dashboard.states import LOOKS

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
FOLDER: Final = "dashboard"
OWN_ASSETS: Final = tuple(assets.within(FOLDER))
BUILT_ASSETS: Final = ("built/tabler.min.css", "built/tabler.rtl.min.css", "built/htmx.min.js")
USED_ICON: Final = re.compile(r'href="#i-([a-z0-9-]+)"')
SPRITE_GOES_HERE: Final = "<!--icons-->"
# A file of macros that a page imports sees the page's values of these names, and no others.
SEEN_BY_MACROS: Final[dict[str, object]] = {"now": None, "zone": UTC, "visitor": None}
WORTH_COMPRESSING_BYTES: Final = 1024


class Onlooker(Protocol):
    """Whoever the page is drawn for."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> Role: ...
    @property
    def theme(self) -> str: ...
    @property
    def zone(self) -> tzinfo: ...
    def may(self, action: Action) -> bool: ...


def draw(
    request: Request, visitor: Onlooker, template: str, *, status: int = 200, **values: object
) -> Response:
    """`template` is below templates/dashboard/ and extends the frame, which explains its blocks.

    Beside `values` it finds `visitor`, `ui` (the macros of parts.html), `now`, `zone` and
    `zone_name` (what its hours are called now), `path` and `asset(name)`.
    """
    context = {
        "visitor": visitor,
        "navigation": navigation(_paths(request), visitor.may),
        "glance": getattr(request.state, "glance", None),
        **values,
    }
    return _answer(request, _render(request, visitor, template, context), status)


def piece(request: Request, visitor: Onlooker, template: str, **values: object) -> str:
    """A part of a page that is sent while the rest is still being found out; it brings its icons
    where it says `<!--icons-->`.
    """
    return _render(request, visitor, template, {"visitor": visitor, **values})


def _render(
    request: Request, visitor: Onlooker, template: str, values: Mapping[str, object]
) -> str:
    now = request.app.state.parts.now()
    around = {
        "path": request.url.path,
        "now": now,
        "zone": visitor.zone,
        "zone_name": hours_are_called(visitor.zone, now),
        **values,
    }
    find = partial(_environment().get_template, globals=SEEN_BY_MACROS)
    ui = find(f"{FOLDER}/parts.html").make_module(around)
    html = find(f"{FOLDER}/{template}").render(around, ui=ui)
    return html.replace(SPRITE_GOES_HERE, sprite(html), 1)


def _answer(request: Request, html: str, status: int) -> Response:
    """Compressed: our cookies go with no request that another site's page makes, so nobody else
    can have a page drawn again and again and learn from its size.
    """
    headers = {**HEADERS, "Vary": "Accept-Encoding"}
    body = html.encode()
    if len(body) >= WORTH_COMPRESSING_BYTES and "gzip" in request.headers.get(
        "accept-encoding", ""
    ):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 5, mtime=0)
    return HTMLResponse(body, status, headers)


def _paths(request: Request) -> frozenset[str]:
    return frozenset(getattr(route, "path", "") for route in request.app.routes)


@cache
def _environment() -> Environment:
    environment = pages.environment().overlay()
    environment.globals = {
        **environment.globals,
        "asset": assets.address,
        "looks": LOOKS,
        "times": times,
        "mask": mask,
    }
    return environment


@cache
def _icons() -> Mapping[str, str]:
    """What the build drew, by name."""
    built = assets.read("built/icons.json")
    icons: dict[str, str] = {} if built is None else json.loads(built.content)
    return icons


def sprite(html: str) -> Markup:
    """The icons that the page uses, each once. Raises `KeyError` for one that was not built:
    dashboard/icons.txt lists them.
    """
    symbols = "".join(
        f'<symbol id="i-{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        f' stroke-linecap="round" stroke-linejoin="round">{_icons()[name]}</symbol>'
        for name in sorted(set(USED_ICON.findall(html)))
    )
    return Markup('<svg hidden aria-hidden="true" id="sprite">{}</svg>').format(Markup(symbols))  # noqa: S704


def mask(secret: str) -> str:
    """Enough of it to tell two apart, and no more."""
    return f"{secret[:6]}{'•' * 8}" if len(secret) > 24 else "•" * 8
