"""Every door asks who somebody is and whether their role may; who may not leaves an entry."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from caseway.domain.roles import MAY, MAY_INVITE, Action, Role
from caseway.web.dashboard import rooms
from caseway.web.dashboard.doors import Door, Doors, Visitor
from tests.web.conftest import House, serving
from tests.web.dashboard.conftest import SignedIn

# What stands behind no door, each with its reason.
OPEN = {
    "/": "leads to the sign-in or home",
    "/login": "is the sign-in",
    "/logout": "ends what there is, if anything",
    "/welcome/{token}": "whoever has the link",
}


def test_the_table_is_what_the_product_promises() -> None:
    everybody = {Action.READ_CONVERSATIONS, Action.READ_HEALTH, Action.OWN_ACCOUNT}
    owners = {Action.MANAGE_TEAM}
    for action in Action:
        may = {role for role in Role if action in MAY[role]}
        if action in everybody:
            assert may == set(Role), action
        elif action is Action.ACT_ON_CONVERSATIONS:
            assert may == {Role.OWNER, Role.ADMIN, Role.AGENT}
        elif action is Action.READ_EVENTS:
            assert may == {Role.OWNER, Role.ADMIN, Role.VIEWER}
        elif action in owners:
            assert may == {Role.OWNER}, action
        else:
            assert may == {Role.OWNER, Role.ADMIN}, action
    for role in Role:
        for made in MAY_INVITE[role]:
            assert MAY[made] <= MAY[role], "nobody makes somebody who may do more than they"
        assert bool(MAY_INVITE[role]) == (Action.INVITE in MAY[role])


async def refusals(house: House) -> list[tuple[str, str, str]]:
    rows = await house.owner.fetch(
        "SELECT actor, subject, source FROM audit_entry WHERE action = 'door.refused' ORDER BY at"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("role", Role)
async def test_each_role_passes_exactly_its_own_doors(
    house: House, signed_in: SignedIn, role: Role
) -> None:
    doors = Doors(house.parts)

    async def endpoint(request: Request, visitor: Visitor) -> Response:
        return PlainTextResponse(f"{visitor.role} may {request.url.path}")

    routes = [
        doors.door(f"/{action.name}", endpoint, action, ("GET", "POST", "DELETE"))
        for action in Action
    ]
    client = await signed_in(role, email="somebody@example.com")
    async with serving(Starlette(routes=routes)) as base:
        expected = []
        for action in Action:
            for method in ("GET", "POST", "DELETE"):
                async with client.request(method, f"{base}/{action.name}") as answer:
                    text = await answer.text()
                    if action in MAY[role]:
                        assert (answer.status, text) == (200, f"{role} may /{action.name}")
                    else:
                        assert answer.status == 403
                        assert f"{role} you may not {action}" in text
                        door = f"door:{method} /{action.name}"
                        expected.append(("somebody@example.com", door, "127.0.0.1"))
    assert await refusals(house) == expected


async def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(house: House) -> None:
    doors = Doors(house.parts)

    async def never(request: Request, visitor: Visitor) -> Response:
        raise AssertionError(f"{visitor} at {request.url}")

    route = doors.door("/events/{id}", never, Action.READ_EVENTS, ("GET", "POST"))
    async with serving(Starlette(routes=[route])) as base:
        path = "/events/7?of=%C3%A9&x=1"
        async with house.client.get(base + path, allow_redirects=False) as answer:
            assert answer.status == 303
            onward = urlsplit(answer.headers["Location"])
        assert onward.path == "/login"
        assert parse_qsl(onward.query) == [("next", path)]
        told: list[tuple[str, dict[str, str]]] = [
            ("POST", {}),
            ("GET", {"Accept": "text/event-stream"}),
            ("GET", {"HX-Request": "true", "HX-Current-URL": f"{base}/events"}),
        ]
        for method, headers in told:
            async with house.client.request(
                method, base + path, headers=headers, allow_redirects=False
            ) as answer:
                assert answer.status == 401
                assert answer.headers["HX-Redirect"].startswith("/login?next=/")
    assert await refusals(house) == []


def doors_of(house: House) -> Iterator[tuple[str, str, Action]]:
    """Every real door: method, path, what it takes to pass."""
    for route in rooms.routes(replace(house.parts, metrics=CollectorRegistry())):
        if isinstance(route.app, Door):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, route.path, route.app.action
        else:
            assert route.path in OPEN or route.path.startswith("/static/"), route.path


@pytest.mark.parametrize("role", Role)
async def test_every_page_is_refused_to_whose_role_may_not(
    house: House, signed_in: SignedIn, role: Role
) -> None:
    client = await signed_in(role)
    walked = 0
    for method, path, action in doors_of(house):
        before = len(await refusals(house))
        filled = re.sub(r"\{\w+(:\w+)?\}", str(uuid4()), path)
        async with client.request(method, filled, allow_redirects=False) as answer:
            if action in MAY[role]:
                assert answer.status not in {401, 403}, (method, path)
                assert answer.status < 500, (method, path, await answer.text())
            else:
                assert answer.status == 403, (method, path)
        left = len(await refusals(house)) - before
        assert left == (action not in MAY[role]), (method, path)
        walked += 1
    assert walked == len(list(doors_of(house)))


async def test_no_deed_is_done_for_another_sites_page(house: House, signed_in: SignedIn) -> None:
    """Whatever the browser says of where the form stood: its Fetch Metadata, or the origin."""
    client = await signed_in(Role.OWNER)
    deeds = [path for method, path, _ in doors_of(house) if method != "GET"]
    assert len(deeds) > 20
    foreign = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": house.base},
        {"Origin": "https://evil.example"},
    ]
    for path in [*deeds, "/login", "/logout", "/welcome/{token}"]:
        filled = re.sub(r"\{\w+(:\w+)?\}", str(uuid4()), path)
        for headers in foreign:
            async with client.post(filled, headers=headers, allow_redirects=False) as answer:
                assert answer.status == 403, (path, headers)
                assert "another site" in await answer.text(), path
    async with client.get("/settings/account", allow_redirects=False) as answer:
        assert answer.status == 200, "nobody was signed out by it"


async def test_no_page_is_given_to_who_is_not_signed_in(house: House) -> None:
    async with aiohttp.ClientSession(house.base) as client:
        for method, path, _ in doors_of(house):
            filled = re.sub(r"\{\w+(:\w+)?\}", str(uuid4()), path)
            async with client.request(method, filled, allow_redirects=False) as answer:
                assert answer.status == (303 if method == "GET" else 401), (method, path)


async def test_another_organisations_session_sees_its_own(
    house: House, signed_in: SignedIn
) -> None:
    """The session says whose rows are seen; nothing in the request does."""
    doors = Doors(house.parts)

    async def organisation(request: Request, visitor: Visitor) -> Response:
        del request
        return PlainTextResponse(str(visitor.organisation))

    client = await signed_in(Role.VIEWER, tenant=house.other)
    route = doors.door("/mine", organisation, Action.READ_HEALTH)
    async with serving(Starlette(routes=[route])) as base, client.get(f"{base}/mine") as answer:
        assert await answer.text() == str(house.other.organisation)
