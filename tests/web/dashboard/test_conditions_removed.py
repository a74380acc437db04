"""Another organisation's ids answer 404, also where every query has lost its own condition.

The connection takes `organisation_id = $n` out of each statement on its way to the server, so
that the database's policies alone keep organisations apart. The same without policies leaks,
which shows that the test would notice.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from caseway.domain.actor import Actor
from caseway.domain.roles import Role
from caseway.store.roles import Role as DatabaseRole
from caseway.web.dashboard import rooms
from caseway.web.dashboard.doors import Door
from tests.database import Database
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn, make_user

CONDITION = re.compile(r"(\w+\.)?organisation_id = (\$\d+)(?!\w)")
MARK = "Somebody elses"  # stands in every row of the other organisation
removed: set[str] = set()


class Forgetful(asyncpg.Connection):
    """Runs every statement without the condition that names the organisation, once it forgets."""

    forgets = False

    async def fetch(self, query: str, *args: Any, **more: Any) -> Any:
        return await super().fetch(without(query), *args, **more)

    async def fetchrow(self, query: str, *args: Any, **more: Any) -> Any:
        return await super().fetchrow(without(query), *args, **more)

    async def fetchval(self, query: str, *args: Any, **more: Any) -> Any:
        return await super().fetchval(without(query), *args, **more)

    async def execute(self, query: str, *args: Any, **more: Any) -> str:
        return await super().execute(without(query), *args, **more)


def without(query: str) -> str:
    if not Forgetful.forgets:
        return query
    text = CONDITION.sub(r"\2::uuid IS NOT NULL", query)
    if text != query:
        removed.add(query.partition("*/")[0].removeprefix("/* ").strip())
    return text


@pytest.fixture(params=["policies", "no policies"])
async def web_pool(database: Database, request: pytest.FixtureRequest) -> Any:
    """In place of the usual one, for the whole house of this file's tests."""
    role = {"role": str(DatabaseRole.WEB)} if request.param == "policies" else {}
    async with asyncpg.create_pool(
        database.dsn,
        min_size=1,
        max_size=8,
        server_settings=role,
        connection_class=Forgetful,
    ) as pool:
        yield pool
    Forgetful.forgets = False


async def theirs(house: House) -> dict[str, UUID]:
    """One of each thing that has an address, in the other organisation; by the address's beginning."""
    other = house.other.organisation
    user, email = await make_user(house, Role.AGENT, tenant=house.other)
    await house.owner.execute("UPDATE user_account SET name = $1 WHERE id = $2", MARK, user)
    people = house.parts.people
    await people.sessions.begin(other, user, agent=MARK, actor=Actor(email))
    await people.invitations.invite(
        other, email=f"{uuid4().hex}@example.com", role=Role.VIEWER, actor=Actor(MARK)
    )
    body = {
        "channel": "api",
        "contact": {"name": MARK, "email": f"{uuid4().hex}@example.com"},
        "message": {"text": MARK},
    }
    async with house.client.post(
        f"{house.base}/api/v1/conversations", json=body, headers=house.other.bearer
    ) as answer:
        assert answer.status in {200, 201}
        conversation = UUID((await answer.json())["id"])
    event = uuid4()
    await house.owner.execute(
        "INSERT INTO webhook_event (organisation_id, id, connection_id, outcome, reason)"
        " VALUES ($1, $2, $3, 'ignored', $4)",
        other,
        event,
        house.other.connection,
        MARK,
    )
    order = uuid4()
    await house.owner.execute(
        "INSERT INTO replay_order (organisation_id, id, about, events, looks, state, ordered_by,"
        " ended_at) VALUES ($1, $2, $3, 1, 1, 'done', $3, now())",
        other,
        order,
        MARK,
    )
    one: Callable[[str], Awaitable[UUID]] = lambda table: house.owner.fetchval(  # noqa: E731
        f"SELECT id FROM {table} WHERE organisation_id = $1", other
    )
    return {
        "/inbox/": conversation,
        "/live/inbox/": conversation,
        "/events/": event,
        "/live/events/": event,
        "/events/replays/": order,
        "/live/replays/": order,
        "/settings/channels/": house.other.widget,
        "/settings/team/invitations/": await one("invitation"),
        "/settings/team/": user,
        "/settings/account/sessions/": await one("user_session"),
    }


def addresses(house: House, things: dict[str, UUID]) -> list[tuple[str, str]]:
    """Every door that takes an id, with the other organisation's in it."""
    found = []
    for route in rooms.routes(replace(house.parts, metrics=CollectorRegistry())):
        named = re.search(r"\{\w+(:uuid)?\}", route.path)
        if not isinstance(route.app, Door) or named is None or named[0] in NO_IDS:
            continue
        begins = max((each for each in things if route.path.startswith(each)), key=len, default="")
        assert begins, f"say in theirs() whose id stands in {route.path}"
        path = re.sub(r"\{\w+(:uuid)?\}", str(things[begins]), route.path)
        found += [(each, path) for each in sorted((route.methods or set()) - {"HEAD"})]
    return found


NO_IDS = {"{kind}"}  # of a page that makes something new


async def answer_of(client: aiohttp.ClientSession, method: str, path: str) -> tuple[int, str]:
    form = {"role": "viewer", "kind": "delivery", "id": str(uuid4())} if method == "POST" else None
    async with client.request(method, path, data=form, allow_redirects=False) as answer:
        streams = answer.content_type == "text/event-stream"
        return answer.status, "" if streams else await answer.text()


async def test_another_organisations_ids_answer_404_by_the_policies_alone(
    house: House, signed_in: SignedIn, request: pytest.FixtureRequest
) -> None:
    guarded = "no policies" not in request.node.callspec.id
    things = await theirs(house)
    client = await signed_in(Role.OWNER)
    Forgetful.forgets = True
    told = {
        (method, path): await answer_of(client, method, path)
        for method, path in addresses(house, things)
    }
    lists = [
        route.path
        for route in rooms.routes(replace(house.parts, metrics=CollectorRegistry()))
        if isinstance(route.app, Door)
        and "GET" in (route.methods or set())
        and "{" not in route.path
        and not route.path.startswith("/live/")
    ]
    shown = {path for path in lists if MARK in (await answer_of(client, "GET", path))[1]}
    assert {"users.list", "invitations.list", "user_sessions.end"} <= removed
    if guarded:
        assert {where: status for where, (status, _) in told.items() if status != 404} == {}
        assert shown == set()
    else:
        assert any(status != 404 for status, _ in told.values())
        assert "/settings/team" in shown
