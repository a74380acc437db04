"""The running work sees the configuration as it is, and asks for it seldom."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, TypeVar
from uuid import uuid4

import asyncpg
import pytest

from caseway.domain.connection import Auth, ChannelSettings, Connection, Sweeping
from caseway.domain.ids import ChannelId, ConnectionId, ConnectionKey, OrganisationId
from caseway.domain.secret import Secret
from caseway.domain.token import API_KEY, WEBHOOK, Presented, WebhookToken
from caseway.ports import Later, NotConfigured, Wanted
from caseway.store.directory import Directory
from caseway.store.keys import Keys
from caseway.store.registry import Registry, ensure_organisation
from caseway.store.secrets import Secrets, new_key
from caseway.store.tokens import AT_ONCE, new_token
from tests.database import Database

T = TypeVar("T")
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
SECRETS = Secrets([new_key()])


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(pool: Pool) -> Registry:
    return Registry.over(pool, SECRETS)


@pytest.fixture
async def organisation(owner_pool: Pool) -> OrganisationId:
    return await ensure_organisation(owner_pool)


@pytest.fixture
async def north(registry: Registry, organisation: OrganisationId) -> Connection:
    return await add(registry, organisation, "north")


@pytest.fixture
def deaf(pool: Pool, clock: Clock) -> Directory:
    """Hears no notice: only its clock, when a test moves it, brings it up to date."""
    return Directory(pool, SECRETS, clock=clock)


@pytest.fixture
async def ear(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    link = await asyncpg.connect(database.dsn)
    yield link
    await link.close()


@pytest.fixture
async def listening(
    pool: Pool, ear: "asyncpg.Connection[asyncpg.Record]", clock: Clock
) -> Directory:
    """Its clock stands still: only notices bring it up to date."""
    directory = Directory(pool, SECRETS, clock=clock)
    await directory.listen(ear)
    return directory


async def add(registry: Registry, organisation: OrganisationId, name: str) -> Connection:
    made, _ = await registry.connections.put(
        organisation,
        Wanted(name, "https://north.creatio.com", Auth.OAUTH, "1BA1", Secret("hunter2")),
    )
    return made


async def until(ask: Callable[[], Awaitable[T]], right: Callable[[T], bool]) -> T:
    async with asyncio.timeout(10):
        while not right(found := await ask()):
            await asyncio.sleep(0.002)
    return found


def presented(token: Secret) -> Presented:
    found = Presented.read(token.reveal(), WEBHOOK)
    assert found is not None
    return found


def admits(found: WebhookToken | None, token: Secret) -> bool:
    return found is not None and found.admits(presented(token), now=datetime.now(UTC))


async def test_a_connection_is_known_until_it_is_removed(
    registry: Registry, north: Connection, listening: Directory
) -> None:
    assert await listening.connection(north.key) == north
    await registry.connections.remove(north.organisation, "north")

    async def removed() -> bool:
        try:
            await listening.connection(north.key)
        except NotConfigured:
            return True
        return False

    await until(removed, bool)
    with pytest.raises(NotConfigured):
        await listening.connection(ConnectionKey(north.organisation, ConnectionId(uuid4())))


async def test_a_change_is_seen_at_once_by_who_listens(
    registry: Registry, north: Connection, listening: Directory
) -> None:
    assert [one.name for one in await listening.sweepable()] == ["north"]
    settings = replace(north.settings, sweeping=Sweeping(enabled=False))
    await registry.connections.change_settings(north.key, settings)
    seen = await until(lambda: listening.connection(north.key), lambda one: one.version == 2)
    assert seen.settings == settings
    await until(listening.sweepable, lambda every: list(every) == [])
    south = await add(registry, north.organisation, "south")
    assert await until(listening.sweepable, bool) == [south]


async def test_who_does_not_listen_sees_it_after_the_ttl(
    registry: Registry, north: Connection, deaf: Directory, clock: Clock
) -> None:
    await deaf.connection(north.key)
    await registry.connections.change_settings(north.key, replace(north.settings, calls_a_day=None))
    clock.at = 4.9
    assert (await deaf.connection(north.key)).version == 1  # from memory
    clock.at = 5.0
    assert (await deaf.connection(north.key)).version == 2


async def test_a_revoked_token_is_known_as_such_at_once(
    registry: Registry, north: Connection, listening: Directory
) -> None:
    token = await registry.tokens.ensure(north.key)
    name = presented(token).public_name

    def ask() -> Awaitable[WebhookToken | None]:
        return listening.token(name)

    found = await until(ask, lambda one: one is not None)
    assert found is not None
    assert (found.organisation, found.connection) == (north.organisation, north.id)
    assert admits(found, token)
    await registry.tokens.revoke(north.organisation, name)
    await until(ask, lambda one: not admits(one, token))


async def test_a_revoked_token_is_known_as_such_after_a_second_to_who_does_not_listen(
    registry: Registry, north: Connection, deaf: Directory, clock: Clock
) -> None:
    token = await registry.tokens.ensure(north.key)
    name = presented(token).public_name
    assert admits(await deaf.token(name), token)
    await registry.connections.remove(north.organisation, "north")
    clock.at = 1.0
    assert not admits(await deaf.token(name), token)


async def test_a_token_in_its_grace_period_admits_and_ends_by_itself(
    registry: Registry, north: Connection, deaf: Directory
) -> None:
    first = await registry.tokens.ensure(north.key)
    second = await registry.tokens.rotate(north.key, grace=timedelta(hours=1))
    found = await deaf.token(presented(first).public_name)
    assert found is not None
    assert found.admits(presented(first), now=datetime.now(UTC))
    assert not found.admits(presented(first), now=datetime.now(UTC) + timedelta(hours=2))
    assert not found.admits(presented(second), now=datetime.now(UTC))
    await registry.tokens.rotate(north.key, grace=AT_ONCE)
    deaf.forget()
    assert not admits(await deaf.token(presented(second).public_name), second)


async def test_a_channel_is_known_until_it_is_removed(
    registry: Registry, north: Connection, deaf: Directory
) -> None:
    shop, _ = await registry.channels.put(
        north.organisation, north.id, "api", "shop", ChannelSettings()
    )
    assert await deaf.channel(north.organisation, shop.id) == shop
    await registry.channels.remove(north.organisation, "shop")
    deaf.forget()
    with pytest.raises(NotConfigured):
        await deaf.channel(north.organisation, shop.id)
    with pytest.raises(NotConfigured):
        await deaf.channel(OrganisationId(uuid4()), ChannelId(shop.id))


async def test_who_lost_the_listening_connection_trusts_nothing_it_remembers(
    registry: Registry,
    north: Connection,
    listening: Directory,
    ear: "asyncpg.Connection[asyncpg.Record]",
    owner_pool: Pool,
) -> None:
    await listening.connection(north.key)
    await owner_pool.execute("SELECT pg_terminate_backend($1)", ear.get_server_pid())
    await registry.connections.change_settings(north.key, replace(north.settings, calls_a_day=None))
    await until(lambda: listening.connection(north.key), lambda one: one.version == 2)


async def test_what_changed_before_listening_is_seen(
    registry: Registry,
    north: Connection,
    deaf: Directory,
    ear: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await deaf.connection(north.key)
    await registry.connections.change_settings(north.key, replace(north.settings, calls_a_day=None))
    await deaf.listen(ear)
    assert (await deaf.connection(north.key)).version == 2


async def test_one_unreadable_secret_leaves_the_neighbours_their_sweep(
    north: Connection, pool: Pool, deaf: Directory
) -> None:
    others = Registry.over(pool, Secrets([new_key()]))
    await add(others, north.organisation, "broken")
    assert await deaf.sweepable() == [north]


async def test_a_store_that_cannot_be_reached_says_later(
    north: Connection, pool: Pool, deaf: Directory, clock: Clock
) -> None:
    await deaf.token("abcdefgh")
    await pool.close()
    assert await deaf.token("abcdefgh") is None
    clock.at = 10.0
    with pytest.raises(Later):
        await deaf.token("abcdefgh")
    with pytest.raises(Later):
        await deaf.connection(north.key)


async def test_a_key_that_cannot_be_looked_up_says_later(web_pool: Pool) -> None:
    key, _ = new_token(API_KEY)
    await web_pool.close()
    with pytest.raises(Later):
        await Keys(web_pool).holder(key.reveal())
    assert await Keys(web_pool).holder("no key") is None
