"""The demo page, with a stand-in for the sandbox's controls on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.web.app import build
from caseway.web.demo.facts import DemoFacts
from tests.web.conftest import PATIENCE_SECONDS, House, serving
from tests.web.dashboard.conftest import browser, make_user


class Sandbox:
    """What the buttons reach: it notes the faults that were asked for."""

    def __init__(self) -> None:
        self.faults: list[Any] = []
        self.address = ""

    async def put(self, request: web.Request) -> web.Response:
        login = aiohttp.encode_basic_auth("Supervisor", "pass")
        if request.headers.get("Authorization") != login:
            return web.Response(status=401)
        self.faults.append(await request.json())
        return web.json_response({})


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    stand_in = Sandbox()
    app = web.Application()
    app.router.add_put("/sandbox/faults", stand_in.put)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    stand_in.address = f"http://127.0.0.1:{port}"
    yield stand_in
    await runner.cleanup()


@asynccontextmanager
async def demo(house: House, sandbox: Sandbox) -> AsyncIterator[str]:
    owner, email = await make_user(house, Role.OWNER)
    facts = DemoFacts(
        organisation=house.tenant.organisation,
        widget_channel=house.tenant.widget,
        owner=owner,
        owner_email=email,
        sandbox_url=sandbox.address,
        desk_url=f"{sandbox.address}/desk",
        sandbox_user="Supervisor",
        sandbox_password=Secret("pass"),
    )
    parts = replace(house.parts, demo=facts, metrics=CollectorRegistry())
    app = build(parts, hosts=["127.0.0.1"])
    async with serving(app) as base:
        yield base
        app.close_streams()


async def test_the_page_shows_three_sides_and_allows_no_foreign_script(
    house: House, sandbox: Sandbox
) -> None:
    async with demo(house, sandbox) as base, house.client.get(f"{base}/demo") as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert f'channel="{house.tenant.widget}"' in text
    assert f'data-address="{sandbox.address}/desk"' in text
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert f"frame-src {sandbox.address}" in policy
    assert "<script>" not in text
    assert "style=" not in text
    for path in ("demo.js", "demo.css", "theme.js", "caseway.css"):
        assert f"/static/{path}" in text


async def test_the_dashboard_opens_in_one_click_but_not_for_another_sites_page(
    house: House, sandbox: Sandbox
) -> None:
    async with demo(house, sandbox) as base, browser(house) as client:
        foreign = {"Sec-Fetch-Site": "cross-site"}
        async with client.get(f"{base}/demo/dashboard", headers=foreign) as answer:
            assert answer.status == 403
        async with client.get(f"{base}/", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/login"
        for _ in range(2):
            async with client.get(f"{base}/demo/dashboard", allow_redirects=False) as answer:
                assert answer.headers["Location"] == "/inbox"
        async with client.get(f"{base}/", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/inbox"


async def test_the_log_tells_what_happens_and_ticks_the_steps(
    house: House, sandbox: Sandbox
) -> None:
    async with demo(house, sandbox) as base, house.client.get(f"{base}/demo/log") as answer:
        assert answer.content_type == "text/event-stream"
        await house.begin()
        told: dict[str, Any] = {}
        kind = ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in answer.content:
                name, _, text = line.decode().strip().partition(": ")
                if name == "event":
                    kind = text
                elif name == "data":
                    told[kind] = json.loads(text)
                if "group" in told and told.get("tour", {}).get("done", [False])[0]:
                    break
    assert told["group"]["title"] == "The customer wrote"
    assert told["group"]["about"] == "Hello"
    assert told["tour"]["done"] == [True, False, False, False, False]


async def test_the_buttons_break_things_and_only_from_our_page(
    house: House, sandbox: Sandbox
) -> None:
    async with demo(house, sandbox) as base:
        for what, status in (("webhook", 204), ("creatio", 204), ("nothing", 404)):
            async with house.client.post(f"{base}/demo/break/{what}") as answer:
                assert answer.status == status
        foreign = {"Sec-Fetch-Site": "cross-site"}
        async with house.client.post(f"{base}/demo/break/caseway", headers=foreign) as answer:
            assert answer.status == 403
    assert sandbox.faults == [{"drop_next": 1}, {"down_for_s": 20}]


async def test_without_a_demo_there_is_no_demo_page(house: House) -> None:
    for path in ("/demo", "/demo/log", "/demo/widget", "/demo/dashboard", "/static/demo.js"):
        async with house.client.get(house.base + path) as answer:
            assert answer.status == 404
