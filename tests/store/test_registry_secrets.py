"""Keys, tokens and secrets of the configuration: who may, for how long, and who sees them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest

from caseway.domain.connection import (
    Auth,
    ChannelSettings,
    Connection,
)
from caseway.domain.ids import OrganisationId
from caseway.domain.secret import Secret
from caseway.ports import NotConfigured, Refused, Wanted
from caseway.store.audit import Change
from caseway.store.keys import Keys
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


def wanted(name: str = "north", secret: str = "hunter2") -> Wanted:
    return Wanted(
        name=name,
        base_url="https://north.creatio.com",
        auth=Auth.OAUTH,
        login="1BA1",
        secret=Secret(secret),
    )


async def test_a_key_opens_until_it_is_revoked(
    registry: Registry, organisation: OrganisationId, web_pool: Pool
) -> None:
    key = await registry.keys.create(organisation, "shop")
    web = Keys(web_pool, clock=lambda: now)  # the API knows the organisation only by the key
    now = 0.0
    holder = await web.holder(key.reveal())
    assert holder is not None
    assert holder.organisation == organisation
    wrong = key.reveal()[:-1] + ("A" if key.reveal()[-1] != "A" else "B")
    for stranger in [wrong, "cwk_abcdefgh_" + "a" * 43, key.reveal() + "\n", "", "cwk"]:
        assert await web.holder(stranger) is None

    [first] = await registry.keys.list(organisation)
    now = 59.0
    await web.holder(key.reveal())
    assert await registry.keys.list(organisation) == [first]
    now = 60.0
    await web.holder(key.reveal())
    [later] = await registry.keys.list(organisation)
    assert first.last_used_at is not None
    assert later.last_used_at is not None
    assert first.last_used_at < later.last_used_at
    with pytest.raises(Refused, match="shop"):
        await registry.keys.create(organisation, "shop")
    await registry.keys.revoke(organisation, "shop")
    assert await web.holder(key.reveal()) is None
    with pytest.raises(NotConfigured):
        await registry.keys.revoke(organisation, "shop")
    second = await registry.keys.create(organisation, "shop")
    await registry.keys.revoke(organisation, second.reveal().split("_")[1])
    newest, oldest = await registry.keys.list(organisation)
    assert (oldest.public_name, oldest.revoked_at is not None) == (first.public_name, True)
    assert (newest.name, newest.last_used_at) == ("shop", None)


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
    await registry.channels.put(organisation, north.id, "api", "shop", ChannelSettings())
    for _ in range(2):
        shop = await registry.channels.new_secret(organisation, "shop", grace=timedelta(hours=1))
    newest = new_key()
    both = Registry.over(pool, Secrets([newest, KEY]))
    assert await both.rewrite_secrets() == 5

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
