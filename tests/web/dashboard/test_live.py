"""The stream that tells a page to look again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.ports import Later
from caseway.web.dashboard.live import stream
from caseway.web.widget.watching import Watchers
from tests.web.conftest import serving

SOON = 60


class Subject:
    """Something that changes, and that cannot always be reached."""

    def __init__(self) -> None:
        self.token = "one"
        self.is_down = False
        self.refused = asyncio.Event()

    async def changed(self) -> str:
        if self.is_down:
            self.refused.set()
            raise Later("the store is away", maybe_taken=False)
        return self.token


@asynccontextmanager
async def streaming(subject: Subject) -> AsyncIterator[tuple[aiohttp.StreamReader, Watchers]]:
    async def answer(request: Request) -> Response:
        return await stream(request, subject.changed, timedelta(milliseconds=10))

    app = Starlette(routes=[Route("/live/subject", answer)])
    app.state.watchers = watchers = Watchers()
    async with (
        serving(app) as base,
        aiohttp.ClientSession() as client,
        client.get(f"{base}/live/subject") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        yield response.content, watchers
        watchers.close()


async def heard(said: aiohttp.StreamReader) -> str:
    async with asyncio.timeout(SOON):
        return (await said.readuntil(b"\n\n")).decode()


async def test_a_page_hears_how_things_stand_and_then_each_change_once() -> None:
    subject = Subject()
    async with streaming(subject) as (said, _):
        assert await heard(said) == "event: changed\ndata: one\n\n"
        subject.token = "two"
        assert await heard(said) == "event: changed\ndata: two\n\n"


async def test_an_outage_of_the_store_is_no_change_and_ends_nothing() -> None:
    subject = Subject()
    async with streaming(subject) as (said, _):
        await heard(said)
        subject.is_down = True
        subject.token = "two"
        async with asyncio.timeout(SOON):
            await subject.refused.wait()
        subject.is_down = False
        assert await heard(said) == "event: changed\ndata: two\n\n"


async def test_a_stream_ends_when_the_process_stops() -> None:
    async with streaming(Subject()) as (said, watchers):
        await heard(said)
        watchers.close()
        async with asyncio.timeout(SOON):
            assert await said.read() == b""
        assert watchers.streams == 0
