"""One database for all stories of this folder: each has an organisation of its own."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import asyncpg
import pytest

from caseway.domain.connection import ChannelSettings, ConnectionSettings
from tests import database as ground
from tests.far_side import RESOLVED
from tests.stories import Story, begin_story


class Begin(Protocol):
    """Begins a story of its own organisation, on the shared database."""

    def __call__(
        self,
        settings: ConnectionSettings | None = None,
        channel: ChannelSettings | None = None,
        *,
        kind: str = "api",
    ) -> Awaitable[Story]: ...


@pytest.fixture(scope="session")
def database(server: ground.Server, template: str) -> Iterator[ground.Database]:
    made = server.create(template)
    yield made
    server.drop(made.name)


@pytest.fixture
def begin(
    owner_pool: "asyncpg.Pool[asyncpg.Record]",
    pool: "asyncpg.Pool[asyncpg.Record]",
    web_pool: "asyncpg.Pool[asyncpg.Record]",
) -> Begin:
    async def story(
        settings: ConnectionSettings | None = None,
        channel: ChannelSettings | None = None,
        *,
        kind: str = "api",
    ) -> Story:
        chosen = settings or ConnectionSettings(resolved_status=RESOLVED)
        return await begin_story(
            owner_pool, pool, web_pool, settings=chosen, channel=channel, kind=kind
        )

    return story


@pytest.fixture
async def story(begin: Callable[[], Awaitable[Story]]) -> Story:
    """The usual one: a status is written when a conversation is resolved here."""
    return await begin()
