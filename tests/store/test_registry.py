"""What is configured is kept once, told to whoever caches it, and audited."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from caseway.domain.connection import (
    Auth,
    ChannelSettings,
    Connection,
    ConnectionSettings,
    Opening,
    Sweeping,
)
from caseway.domain.ids import ConnectionId, ConnectionKey, OrganisationId, StatusId
from caseway.domain.secret import Secret
from caseway.ports import NotConfigured, Refused, Wanted
from caseway.store.audit import Change
from caseway.store.channels import MOST_FORMER
from caseway.store.queries import load
from caseway.store.registry import Registry, ensure_organisation
from caseway.store.secrets import Secrets, new_key

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
KEY = new_key()
SECRETS = Secrets([KEY])


@pytest.fixture
def registry(pool: Pool) -> Registry:
    return Registry.over(pool, SECRETS)


@pytest.fixture
async def organisation(owner_pool: Pool) -> OrganisationId:
    return await ensure_organisation(owner_pool)


@pytest.fixture
async def north(registry: Registry, organisation: OrganisationId) -> Connection:
    made, _ = await registry.connections.put(organisation, wanted())
    return made


@pytest.fixture
async def heard(owner_pool: Pool) -> AsyncIterator["asyncio.Queue[str]"]:
    """What listening processes are told."""
    told: asyncio.Queue[str] = asyncio.Queue()
    async with owner_pool.acquire() as link:

        def hear(_link: object, _pid: int, _channel: str, said: object) -> None:
            told.put_nowait(str(said))

        await link.add_listener("caseway_settings", hear)
        yield told
        await link.remove_listener("caseway_settings", hear)


def wanted(name: str = "north", secret: str = "hunter2") -> Wanted:
    return Wanted(
        name=name,
        base_url="https://north.creatio.com",
        auth=Auth.OAUTH,
        login="1BA1",
        secret=Secret(secret),
    )


async def audited(pool: Pool, organisation: OrganisationId) -> list[tuple[str, str, str]]:
    """Oldest first."""
    found = await load("audit")["newest"].fetch(pool, organisation=organisation, most=50)
    return [(row["actor"], row["action"], row["subject"]) for row in reversed(found)]


async def next_of(heard: "asyncio.Queue[str]") -> str:
    return await asyncio.wait_for(heard.get(), 10)


async def test_a_tokens_entry_names_its_connection(
    owner_pool: Pool, registry: Registry, organisation: OrganisationId
) -> None:
    made, _ = await registry.connections.put(organisation, wanted())
    await registry.tokens.rotate(made.key)
    found = await load("audit")["newest"].fetch(owner_pool, organisation=organisation, most=50)
    (after,) = [row["after"] for row in found if row["action"] == "token.made"]
    assert json.loads(after) == {"connection": "north"}


async def test_the_organisation_is_made_once(owner_pool: Pool, registry: Registry) -> None:
    assert await registry.organisation() is None
    made = await asyncio.gather(*(ensure_organisation(owner_pool) for _ in range(8)))
    assert len(set(made)) == 1
    assert await registry.organisation() == made[0]


async def test_a_connection_comes_back_as_it_was_put(
    registry: Registry, organisation: OrganisationId
) -> None:
    settings = ConnectionSettings(
        opening=Opening.HANDOFF,
        returning_within=timedelta(hours=3),
        resolved_status=StatusId(uuid4()),
        resolved_statuses=frozenset({StatusId(uuid4()), StatusId(uuid4())}),
        origins={"widget": uuid4()},
        sweeping=Sweeping(interval=timedelta(seconds=30)),
        calls_a_day=None,
    )
    made, change = await registry.connections.put(
        organisation, replace(wanted(), settings=settings)
    )
    assert change is Change.CREATED
    assert await registry.connections.named(organisation, "north") == made
    assert (made.settings, made.secret, made.version) == (settings, Secret("hunter2"), 1)
    [listed] = await registry.connections.list(organisation)
    assert listed.connection == made


async def test_putting_the_same_again_changes_nothing(
    registry: Registry,
    organisation: OrganisationId,
    north: Connection,
    pool: Pool,
) -> None:
    again, change = await registry.connections.put(organisation, wanted())
    assert (again, change) == (north, Change.UNCHANGED)
    assert await audited(pool, organisation) == [
        ("cli", "connection.added", f"connection:{north.id}")
    ]


async def test_putting_something_else_changes_it_and_grows_the_version(
    registry: Registry,
    organisation: OrganisationId,
    north: Connection,
    pool: Pool,
) -> None:
    after, change = await registry.connections.put(
        organisation, wanted(secret="other"), actor="anna@example.com"
    )
    assert change is Change.CHANGED
    assert after == replace(north, secret=Secret("other"), version=2)
    assert await registry.connections.named(organisation, "north") == after
    assert (await audited(pool, organisation))[-1] == (
        "anna@example.com",
        "connection.changed",
        f"connection:{north.id}",
    )
    [told, _] = await load("audit")["newest"].fetch(pool, organisation=organisation, most=2)
    assert json.loads(told["before"])["base_url"] == "https://north.creatio.com"
    assert json.loads(told["after"])["secret"] == "changed"


async def test_eight_who_add_the_same_connection_make_one(
    registry: Registry, organisation: OrganisationId
) -> None:
    made = await asyncio.gather(
        *(registry.connections.put(organisation, wanted()) for _ in range(8))
    )
    assert len({connection.id for connection, _ in made}) == 1
    changes = sorted(change for _, change in made)
    assert changes == [Change.CREATED, *[Change.UNCHANGED] * 7]


async def test_settings_of_a_newer_release_are_tolerated_and_kept(
    registry: Registry,
    organisation: OrganisationId,
    north: Connection,
    owner_pool: Pool,
) -> None:
    newer = """UPDATE connection SET settings = settings || '{"telepathy": {"range": 3}}'"""
    await owner_pool.execute(newer)

    assert await registry.connections.named(organisation, "north") == north
    after, change = await registry.connections.change_settings(
        north.key, replace(north.settings, calls_a_day=50)
    )
    assert (after.settings.calls_a_day, change) == (50, Change.CHANGED)
    kept = json.loads(await owner_pool.fetchval("SELECT settings FROM connection"))
    assert kept["telepathy"] == {"range": 3}
    assert kept["calls_a_day"] == 50


async def test_changing_settings_leaves_the_rest_alone(
    registry: Registry, north: Connection
) -> None:
    settings = replace(north.settings, sweeping=Sweeping(enabled=False))
    after, _ = await registry.connections.change_settings(north.key, settings)
    assert after == replace(north, settings=settings, version=2)
    again, change = await registry.connections.change_settings(north.key, settings)
    assert (again, change) == (after, Change.UNCHANGED)
    with pytest.raises(NotConfigured):
        await registry.connections.change_settings(
            ConnectionKey(north.organisation, ConnectionId(uuid4())), settings
        )


async def test_a_removed_connection_frees_its_name_and_ends_its_tokens(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    await registry.tokens.ensure(north.key)
    await registry.connections.remove(organisation, "north")

    assert await registry.connections.named(organisation, "north") is None
    assert await registry.connections.list(organisation) == []
    assert [token.revoked_at is not None for token in await registry.tokens.list(organisation)] == [
        True
    ]
    with pytest.raises(NotConfigured, match="north"):
        await registry.connections.remove(organisation, "north")
    with pytest.raises(NotConfigured):
        await registry.tokens.ensure(north.key)
    second, change = await registry.connections.put(organisation, wanted())
    assert change is Change.CREATED
    assert second.id != north.id


async def test_a_connection_with_channels_is_not_removed(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    await registry.channels.put(organisation, north.id, "api", "shop", ChannelSettings())
    with pytest.raises(Refused, match="shop"):
        await registry.connections.remove(organisation, "north")
    await registry.channels.remove(organisation, "shop")
    await registry.connections.remove(organisation, "north")


async def test_trouble_is_shown_until_it_ends(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    await registry.connections.note_trouble(north.key, "Creatio refused the client secret.")
    [first] = await registry.connections.list(organisation)
    await registry.connections.note_trouble(north.key, "Creatio does not answer.")
    [second] = await registry.connections.list(organisation)
    assert first.trouble_since == second.trouble_since is not None
    assert second.trouble == "Creatio does not answer."

    now = datetime.now(UTC)
    await registry.connections.note_success(north.key, now)
    await registry.connections.note_success(north.key, now - timedelta(minutes=1))
    [third] = await registry.connections.list(organisation)
    assert (third.trouble, third.trouble_since, third.last_success_at) == (None, None, now)
    assert third.connection == north


async def test_an_api_channel_signs_with_a_secret_of_its_own(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    settings = ChannelSettings(callback_url="https://shop.example.com/caseway")
    made, change = await registry.channels.put(organisation, north.id, "api", "shop", settings)
    again, nothing = await registry.channels.put(organisation, north.id, "api", "shop", settings)
    assert (change, nothing) == (Change.CREATED, Change.UNCHANGED)
    assert made == again
    assert made.secret is not None
    assert made.secret.reveal().startswith("whsec_")

    after, changed = await registry.channels.put(
        organisation, north.id, "api", "shop", replace(settings, recognises_repeats=False)
    )
    assert (changed, after.version, after.secret) == (Change.CHANGED, 2, made.secret)
    replaced = await registry.channels.new_secret(organisation, "shop")
    assert replaced.secret != made.secret
    now = datetime.now(UTC)
    assert replaced.secrets(now=now) == (replaced.secret,)
    again = await registry.channels.new_secret(organisation, "shop", grace=timedelta(hours=2))
    assert again.secrets(now=now) == (again.secret, replaced.secret)
    assert again.secrets(now=now + timedelta(hours=3)) == (again.secret,)
    assert await registry.channels.named(organisation, "shop") == again
    # Pressed twice, or asked again because the new one was not written down.
    twice = await registry.channels.new_secret(organisation, "shop", grace=timedelta(hours=2))
    assert twice.secrets(now=now) == (twice.secret, again.secret, replaced.secret)
    assert await registry.channels.named(organisation, "shop") == twice
    again = twice
    replaced = await registry.channels.end_former_secret(organisation, "shop")
    assert replaced.secrets(now=now) == (again.secret,)
    assert await registry.channels.named(organisation, "shop") == replaced
    for _ in range(MOST_FORMER + 1):
        bounded = await registry.channels.new_secret(organisation, "shop", grace=timedelta(hours=2))
    assert len(bounded.secrets(now=now)) == MOST_FORMER + 1
    alone = await registry.channels.new_secret(organisation, "shop")
    assert alone.secrets(now=now) == (alone.secret,)


async def test_a_widget_identifies_visitors_once_it_has_a_secret(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    settings = ChannelSettings(origins=("https://www.example.com",))
    made, _ = await registry.channels.put(organisation, north.id, "widget", "site", settings)
    assert (made.secret, made.settings.identity_secret_set) == (None, False)
    armed = await registry.channels.new_secret(organisation, "site")
    assert (armed.secret is not None, armed.settings.identity_secret_set) == (True, True)
    same, change = await registry.channels.put(organisation, north.id, "widget", "site", settings)
    assert (same, change) == (armed, Change.UNCHANGED)


async def test_an_account_never_moves(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    south, _ = await registry.connections.put(organisation, wanted("south"))
    await registry.channels.put(organisation, north.id, "api", "shop", ChannelSettings())
    for connection, kind in [(south, "api"), (north, "widget")]:
        with pytest.raises(Refused, match="shop"):
            await registry.channels.put(
                organisation, connection.id, kind, "shop", ChannelSettings()
            )
    listed = await registry.channels.list(organisation)
    assert [(one.account.name, one.connection_name) for one in listed] == [("shop", "north")]


async def test_each_change_is_told_with_its_commit(
    registry: Registry,
    organisation: OrganisationId,
    heard: "asyncio.Queue[str]",
) -> None:
    north, _ = await registry.connections.put(organisation, wanted())
    assert await next_of(heard) == f"connection:{north.id}"
    token = await registry.tokens.ensure(north.key)
    name = token.reveal().split("_")[1]
    assert await next_of(heard) == f"token:{name}"
    shop, _ = await registry.channels.put(organisation, north.id, "api", "shop", ChannelSettings())
    assert await next_of(heard) == f"channel:{shop.id}"
    await registry.tokens.revoke(organisation, name)
    assert await next_of(heard) == f"token:{name}"
    await registry.connections.put(organisation, wanted())  # nothing changes: nothing is told
    await registry.channels.remove(organisation, "shop")
    assert await next_of(heard) == f"channel:{shop.id}"
    await registry.connections.remove(organisation, "north")
    assert await next_of(heard) == f"connection:{north.id}"


async def test_the_web_changes_its_own_organisation_and_meets_no_other(
    web_pool: Pool, owner_pool: Pool, organisation: OrganisationId, heard: "asyncio.Queue[str]"
) -> None:
    pages = Registry.over(web_pool, SECRETS)
    other = await ensure_organisation(owner_pool, "another one")
    made, _ = await pages.connections.put(organisation, wanted(), actor="anna@example.com")
    await next_of(heard)
    site, _ = await pages.channels.put(
        organisation, made.id, "api", "shop", ChannelSettings(), actor="anna@example.com"
    )
    assert await next_of(heard) == f"channel:{site.id}"
    await pages.channels.new_secret(organisation, "shop")
    await pages.tokens.rotate(made.key)
    await pages.keys.create(organisation, "till")
    assert await pages.connections.named(organisation, "north") == made
    assert [one.account.name for one in await pages.channels.list(organisation)] == ["shop"]
    assert len(await pages.keys.list(organisation)) == 1
    assert len(await pages.tokens.list(organisation)) == 1

    assert await pages.connections.named(other, "north") is None
    with pytest.raises(NotConfigured):
        await pages.channels.new_secret(other, "shop")
    with pytest.raises(NotConfigured):
        await pages.tokens.ensure(ConnectionKey(other, made.id))
    await pages.keys.revoke(organisation, "till")
    await pages.channels.remove(organisation, "shop")
    await pages.connections.remove(organisation, "north")
    assert (await audited(owner_pool, organisation))[1] == (
        "anna@example.com",
        "channel.added",
        f"channel:{site.id}",
    )
