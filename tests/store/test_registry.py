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
from caseway.store.audit import Change, NotConfigured, Refused
from caseway.store.connections import Wanted
from caseway.store.queries import load
from caseway.store.registry import Registry, ensure_organisation
from caseway.store.secrets import KeyTrouble, Secrets, new_key
from caseway.store.tokens import AT_ONCE

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
    assert await registry.channels.named(organisation, "shop") == replaced


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


async def test_a_key_opens_until_it_is_revoked(
    registry: Registry, organisation: OrganisationId, web_pool: Pool
) -> None:
    key = await registry.keys.create(organisation, "shop")
    web = Registry.over(web_pool, SECRETS)  # the API checks keys before it knows the organisation
    holder = await web.keys.holder(key.reveal())
    assert holder is not None
    assert holder.organisation == organisation
    wrong = key.reveal()[:-1] + ("A" if key.reveal()[-1] != "A" else "B")
    for stranger in [wrong, "cwk_abcdefgh_" + "a" * 43, key.reveal() + "\n", "", "cwk"]:
        assert await web.keys.holder(stranger) is None

    used = datetime.now(UTC)
    await registry.keys.note_used({(organisation, holder.key): used})
    with pytest.raises(Refused, match="shop"):
        await registry.keys.create(organisation, "shop")
    await registry.keys.revoke(organisation, "shop")
    assert await web.keys.holder(key.reveal()) is None
    with pytest.raises(NotConfigured):
        await registry.keys.revoke(organisation, "shop")
    second = await registry.keys.create(organisation, "shop")
    await registry.keys.revoke(organisation, second.reveal().split("_")[1])
    newest, oldest = await registry.keys.list(organisation)
    assert (oldest.last_used_at, oldest.revoked_at is not None) == (used, True)
    assert newest.name == "shop"


async def test_a_replaced_token_holds_for_its_grace(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    first = await registry.tokens.ensure(north.key)
    assert await registry.tokens.ensure(north.key) == first
    second = await registry.tokens.rotate(north.key, grace=timedelta(hours=1))
    assert await registry.tokens.current(north.key) == second != first

    third = await registry.tokens.rotate(north.key, grace=AT_ONCE)
    newest, second_listed, first_listed = await registry.tokens.list(organisation)
    assert newest.public_name == third.reveal().split("_")[1]
    assert (newest.expires_at, newest.revoked_at) == (None, None)
    assert second_listed.revoked_at is not None
    assert first_listed.expires_at is not None
    assert first_listed.revoked_at is not None  # "now" also ends the grace of earlier ones


async def test_grace_is_counted_from_the_rotation(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    await registry.tokens.ensure(north.key)
    await registry.tokens.rotate(north.key, grace=timedelta(hours=1))
    _, first = await registry.tokens.list(organisation)
    await registry.tokens.rotate(north.key, grace=timedelta(hours=9))
    *_, again = await registry.tokens.list(organisation)
    assert first.expires_at is not None
    assert abs(first.expires_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    assert again == first  # a second rotation does not prolong the first one's grace


async def test_of_tokens_rotated_at_once_one_is_left(
    registry: Registry, organisation: OrganisationId, north: Connection
) -> None:
    await asyncio.gather(*(registry.tokens.rotate(north.key, grace=AT_ONCE) for _ in range(6)))
    left = [one for one in await registry.tokens.list(organisation) if one.revoked_at is None]
    assert len(left) == 1
    await registry.tokens.revoke(organisation, left[0].public_name)
    assert await registry.tokens.current(north.key) is None
    with pytest.raises(NotConfigured):
        await registry.tokens.revoke(organisation, left[0].public_name)


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


async def test_no_secret_reaches_the_audit_log_or_a_plain_column(
    registry: Registry, organisation: OrganisationId, north: Connection, owner_pool: Pool
) -> None:
    token = await registry.tokens.rotate(north.key)
    key = await registry.keys.create(organisation, "shop")
    shop, _ = await registry.channels.put(organisation, north.id, "api", "shop", ChannelSettings())
    await registry.connections.put(organisation, wanted(secret="hunter3"))
    assert shop.secret is not None
    secrets = ["hunter2", "hunter3", token.reveal(), key.reveal(), shop.secret.reveal()]
    tables = ["connection", "webhook_token", "channel", "api_key", "audit_entry"]
    for table in tables:
        for row in await owner_pool.fetch(f"SELECT * FROM {table}"):
            for secret in secrets:
                assert secret not in str(dict(row))
                assert secret.encode().hex() not in str(dict(row))


async def test_secrets_move_to_the_newest_key_together(
    registry: Registry, organisation: OrganisationId, north: Connection, pool: Pool
) -> None:
    token = await registry.tokens.ensure(north.key)
    shop, _ = await registry.channels.put(organisation, north.id, "api", "shop", ChannelSettings())
    newest = new_key()
    both = Registry.over(pool, Secrets([newest, KEY]))
    assert await both.rewrite_secrets() == 3

    alone = Registry.over(pool, Secrets([newest]))
    assert await alone.connections.named(organisation, "north") == north
    assert await alone.tokens.current(north.key) == token
    assert await alone.channels.named(organisation, "shop") == shop
    with pytest.raises(KeyTrouble):
        await registry.connections.named(organisation, "north")
    with pytest.raises(KeyTrouble):
        await registry.rewrite_secrets()


async def test_a_connection_whose_key_is_lost_takes_a_new_secret(
    organisation: OrganisationId, pool: Pool, north: Connection
) -> None:
    others = Registry.over(pool, Secrets([new_key()]))
    with pytest.raises(KeyTrouble):
        await others.connections.named(organisation, "north")
    after, change = await others.connections.put(organisation, wanted(secret="fresh"))
    assert (after.id, change) == (north.id, Change.CHANGED)
    assert await others.connections.named(organisation, "north") == after
