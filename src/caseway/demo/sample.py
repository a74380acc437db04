"""The demo's configuration: a connection, two channels, a key and an owner."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from caseway.bootstrap import OpenStore, open_pool
from caseway.config import Settings
from caseway.demo.sandbox import Sandbox
from caseway.domain.connection import (
    Auth,
    ChannelAccount,
    ChannelSettings,
    ConnectionSettings,
    Sweeping,
)
from caseway.domain.ids import StatusId
from caseway.domain.secret import Secret
from caseway.domain.stock import ORIGIN_CHAT, ORIGIN_SITE, STATUS_RESOLVED
from caseway.ports import NotConfigured, Wanted
from caseway.store.roles import Role
from caseway.store.users import PostgresUsers

SWEEP_EVERY: Final = timedelta(seconds=5)  # nobody waits two minutes for a lost webhook to heal
NAME: Final = "demo"
OWNER_EMAIL: Final = "owner@demo.example"
OWNER_NAME: Final = "Demo owner"
GREETING: Final = "Hello! Ask us anything about your bike or order."


@dataclass(frozen=True, slots=True)
class Configured:
    api_key: str
    api: ChannelAccount
    widget: ChannelAccount
    webhook_url: str
    owner: UUID


async def configure(
    store: OpenStore, settings: Settings, sandbox: Sandbox, base: str, callback_url: str
) -> Configured:
    registry, organisation = store.registry, store.organisation
    connection, _ = await registry.connections.put(
        organisation,
        Wanted(
            name=NAME,
            base_url=sandbox.url,
            auth=Auth.OAUTH,
            login=sandbox.client_id,
            secret=Secret(sandbox.client_secret),
            settings=ConnectionSettings(
                resolved_status=StatusId(STATUS_RESOLVED),
                origins={"widget": ORIGIN_CHAT, "api": ORIGIN_SITE},
                calls_a_day=None,
                sweeping=Sweeping(interval=SWEEP_EVERY),
            ),
        ),
        actor=NAME,
    )
    api, _ = await registry.channels.put(
        organisation,
        connection.id,
        "api",
        "api",
        ChannelSettings(callback_url=callback_url),
        actor=NAME,
    )
    widget, _ = await registry.channels.put(
        organisation,
        connection.id,
        "widget",
        "shop",
        ChannelSettings(origins=(base, base.replace("127.0.0.1", "localhost")), greeting=GREETING),
        actor=NAME,
    )
    with suppress(NotConfigured):  # a key is shown once, so each demo has its own
        await registry.keys.revoke(organisation, NAME, actor=NAME)
    key = await registry.keys.create(organisation, NAME, actor=NAME)
    token = await registry.tokens.ensure(connection.key, actor=NAME)
    async with open_pool(settings, store.owner_dsn, Role.WEB, connections=1) as pool:
        owner = await PostgresUsers(pool).ensure_owner(organisation, OWNER_EMAIL, OWNER_NAME)
    return Configured(key.reveal(), api, widget, settings.webhook_url(token.reveal()), owner)
