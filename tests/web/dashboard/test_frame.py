"""The frame that every page stands in: its navigation, its icons, its words for states and times."""

import gzip
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain import conversation, delivery
from caseway.domain.roles import MAY, Action, Role
from caseway.web.dashboard import states, times
from caseway.web.dashboard.frame import draw
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn

NOON = datetime(2026, 3, 3, 13, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Somebody:
    role: Role
    name: str = "Mara Vogt"
    email: str = "mara@nordlicht.example"
    theme: str = "system"
    zone: tzinfo = UTC

    def may(self, action: Action) -> bool:
        return action in MAY[self.role]


async def nothing(_: Request) -> Response:
    return Response()


def page(role: Role = Role.OWNER, *, rooms: tuple[str, ...] = (), **headers: str) -> Response:
    app = Starlette(routes=[Route(path, nothing) for path in rooms])
    app.state.parts = SimpleNamespace(now=lambda: NOON)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/settings",
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()
        ],
        "app": app,
    }
    return draw(Request(scope), Somebody(role), "more.html")


def text(answer: Response) -> str:
    return bytes(answer.body).decode()


def doors(html: str) -> set[str]:
    side = html[html.index("<aside") : html.index("</aside>")]
    return set(re.findall(r'<li><a href="([^"]+)"', side))


EVERY_ROOM = (
    "/inbox",
    "/events",
    "/settings",
    "/settings/ticketing",
    "/settings/keys",
    "/settings/account",
)


def test_the_navigation_shows_what_exists_and_what_the_role_may_enter() -> None:
    assert doors(text(page(Role.OWNER, rooms=EVERY_ROOM))) == set(EVERY_ROOM) - {"/settings"}
    assert doors(text(page(Role.AGENT, rooms=EVERY_ROOM))) == {"/inbox", "/settings/account"}
    assert doors(text(page(Role.OWNER, rooms=("/inbox",)))) == {"/inbox"}


def test_each_icon_in_use_is_drawn_once_and_no_other() -> None:
    html = text(page(rooms=EVERY_ROOM))
    drawn = re.findall(r'<symbol id="i-([a-z0-9-]+)"', html)
    assert sorted(drawn) == sorted(set(re.findall(r'href="#i-([a-z0-9-]+)"', html)))
    assert "<path" in html


def test_the_policy_allows_no_inline_script_or_style_and_the_page_has_none() -> None:
    answer = page(rooms=EVERY_ROOM)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.findall(r"<style|<script(?![^>]* src=)| style=|\son[a-z]+=", text(answer))


def test_a_page_travels_compressed_to_whoever_understands_it() -> None:
    whole = page(rooms=EVERY_ROOM)
    small = page(rooms=EVERY_ROOM, accept_encoding="gzip")
    assert gzip.decompress(bytes(small.body)) == bytes(whole.body)
    assert "content-encoding" not in whole.headers


@pytest.mark.parametrize(
    ("looks", "words"),
    [(states.DELIVERY, delivery.State), (states.CONVERSATION, conversation.State)],
)
def test_each_state_has_its_look(looks: object, words: type) -> None:
    assert set(looks) == {str(word) for word in words}  # type: ignore[call-overload,attr-defined] # enums


def test_times_read_as_people_say_them() -> None:
    def said(**ago: float) -> str:
        return times.shown(NOON - timedelta(**ago), now=NOON, zone=BERLIN)

    assert said(seconds=3) == "3 s ago"
    assert said(minutes=59, seconds=59) == "59 min ago"
    assert said(hours=1) == "13:00 CET"
    assert said(days=1) == "2 Mar, 14:00 CET"
    assert said(days=365) == "3 Mar 2025, 14:00 CET"
    assert said(hours=-1) == "15:00 CET"  # what is still to come is never "ago"
    assert times.iso(NOON) == "2026-03-03T13:00:00.000Z"


async def test_who_mistypes_an_address_gets_a_page_and_a_program_gets_a_problem(
    house: House,
) -> None:
    address = f"{house.base}/evnets"
    async with house.client.get(address, headers={"Accept": "text/html,*/*;q=0.8"}) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "There is nothing here" in await answer.text()
    async with house.client.get(address) as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_each_room_of_the_settings_says_what_it_is_for(signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    async with client.get("/settings") as answer:
        main = (await answer.text()).partition("<main")[2]
    rows = re.findall(r'<li><a href="/settings.+?</li>', main)
    assert len(rows) > 5
    assert all('class="about"' in row for row in rows)
