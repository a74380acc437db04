"""The real application on a real server over a real database, for every test of the web."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
import uvicorn
from prometheus_client import CollectorRegistry

from caseway.channels.api import ApiChannel
from caseway.creatio.inspection import CreatioInspection
from caseway.creatio.rehearsal import WebhookRehearsal
from caseway.domain.connection import Connection
from caseway.domain.ids import (
    ChannelId,
    ConnectionId,
    ConnectionKey,
    ConversationId,
    ConversationKey,
    OrganisationId,
)
from caseway.domain.secret import Secret
from caseway.house import Ticketings, words_of
from caseway.outbound import Outside
from caseway.ports import SettingUp, Ticketing
from caseway.store.calls import PostgresCalls, Tally
from caseway.store.channel_book import PostgresChannelBook
from caseway.store.connections import Connections
from caseway.store.conversations import PostgresConversations
from caseway.store.directory import Directory
from caseway.store.event_log import PostgresEventLog
from caseway.store.glance import PostgresGlances
from caseway.store.idempotency import PostgresRepeats
from caseway.store.inbox import PostgresInbox
from caseway.store.intake import PostgresIntake
from caseway.store.keys import Keys
from caseway.store.people import people_over
from caseway.store.rates import PostgresRates
from caseway.store.reads import PostgresReads
from caseway.store.refusals import PostgresRefusals
from caseway.store.replay_orders import PostgresReplayOrders
from caseway.store.replays import PostgresReplays
from caseway.store.samples import PostgresSamples
from caseway.store.secrets import Secrets, new_key
from caseway.store.setup import PostgresSetup
from caseway.store.standing import PostgresStandings
from caseway.store.tokens import Tokens
from caseway.store.wakes import PostgresWakes
from caseway.store.webhooks import SharedCommit
from caseway.store.widget_sessions import PostgresWidgetSessions
from caseway.sync.pick_lists import RememberedLists
from caseway.sync.samples import NewestActivities
from caseway.web.app import Web, build
from caseway.web.parts import Parts
from tests.creatio.parts import LOOPBACK
from tests.database import Database
from tests.far_side import FarCreatio

Pool = asyncpg.Pool  # the checker's parameter is left out where nobody checks
PATIENCE_SECONDS = 60.0  # of who waits for a condition on a busy machine
ORIGIN = "https://shop.example"
HERE = "http://127.0.0.1:"
IDENTITY_SECRET = "a secret of the shop, 32 bytes long or more"


@dataclass
class Tenant:
    """An organisation with a connection, an API channel, a widget, a webhook token and a key."""

    organisation: OrganisationId
    connection: ConnectionId
    api: ChannelId
    widget: ChannelId
    token: str
    key: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass
class House:
    """What a test may reach: the address, the client, the rows behind it."""

    base: str
    client: aiohttp.ClientSession
    owner: "asyncpg.Pool[asyncpg.Record]"
    web: Web
    parts: Parts
    secrets: Secrets
    sync: "asyncpg.Pool[asyncpg.Record]"
    tenant: Tenant
    other: Tenant
    creatio: FarCreatio
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)

    def webhook(self, token: str | None = None) -> str:
        shown = self.tenant.token if token is None else token
        return f"{self.base}/backend/creatio/webhook/{shown}"

    async def notify(
        self, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        async with self.client.post(self.webhook(), data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def events(self) -> list[asyncpg.Record]:
        return await self.owner.fetch(
            "SELECT * FROM webhook_event WHERE organisation_id = $1 ORDER BY received_at",
            self.tenant.organisation,
        )

    async def begin(self, **more: Any) -> dict[str, Any]:
        """A conversation by the API, with a case that exists."""
        body = {
            "channel": "api",
            "contact": {"name": "Ines", "email": "ines@example.com"},
            "message": {"text": "Hello"},
        } | more
        url = f"{self.base}/api/v1/conversations"
        async with self.client.post(url, json=body, headers=self.tenant.bearer) as answer:
            assert answer.status in {200, 201}, await answer.text()
            made: dict[str, Any] = await answer.json()
            return made

    async def case_of(self, conversation: str) -> UUID:
        found: UUID = await self.owner.fetchval(
            "SELECT case_id FROM conversation WHERE id = $1", UUID(conversation)
        )
        return found

    def key_of(self, conversation: str) -> ConversationKey:
        return ConversationKey(self.tenant.organisation, ConversationId(UUID(conversation)))


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Waits for a condition, with a deadline."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            await asyncio.sleep(0.02)


async def make_tenant(
    owner: "asyncpg.Pool[asyncpg.Record]",
    sync: "asyncpg.Pool[asyncpg.Record]",
    secrets: Secrets,
    name: str,
) -> Tenant:
    organisation, connection = OrganisationId(uuid4()), ConnectionId(uuid4())
    api, widget = ChannelId(uuid4()), ChannelId(uuid4())
    await owner.execute(
        "INSERT INTO organisation (id, name) VALUES ($1, $2)", organisation, f"{name} {uuid4()}"
    )
    await owner.execute(
        "INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)"
        " VALUES ($1, $2, 'main', 'https://acme.creatio.com', 'oauth', 'id', $3)",
        organisation,
        connection,
        secrets.encrypt("secret"),
    )
    for channel, kind, settings in (
        (api, "api", "{}"),
        (widget, "widget", f'{{"origins": ["{ORIGIN}"], "identity_secret_set": true}}'),
    ):
        await owner.execute(
            "INSERT INTO channel (organisation_id, id, connection_id, kind, name, settings, secret)"
            " VALUES ($1, $2, $3, $4, $4, $5::text::jsonb, $6)",
            organisation,
            channel,
            connection,
            kind,
            settings,
            secrets.encrypt(IDENTITY_SECRET),
        )
    token = await Tokens(sync, secrets).ensure(ConnectionKey(organisation, connection))
    key: Secret = await Keys(sync).create(organisation, "tests")
    return Tenant(organisation, connection, api, widget, token.reveal(), key.reveal())


@contextlib.asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[str]:
    """A real server on a port of its own; its address."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            app,
            ws="none",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined] # older releases
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listening]))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not server.started:
                    await asyncio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                server.should_exit = True


def setting_up(
    web_pool: "asyncpg.Pool[asyncpg.Record]",
    secrets: Secrets,
    outside: Outside,
    base: Callable[[], str],
) -> SettingUp:
    """What the pages that connect Creatio need, over real networks and the real store."""
    return SettingUp(
        connections=Connections(web_pool, secrets),
        tokens=Tokens(web_pool, secrets),
        setup=PostgresSetup(web_pool),
        inspection=CreatioInspection(outside, lambda _: Tally(), now=lambda: datetime.now(tz=UTC)),
        rehearsal=WebhookRehearsal(
            outside, lambda token: Secret(f"{base()}/backend/creatio/webhook/{token.reveal()}")
        ),
        plain_http_allowed=True,
        public_url_is_private=True,
    )


@pytest.fixture
async def house(
    database: Database,
    owner_pool: "asyncpg.Pool[asyncpg.Record]",
    pool: "asyncpg.Pool[asyncpg.Record]",
    web_pool: "asyncpg.Pool[asyncpg.Record]",
) -> AsyncIterator[House]:
    secrets = Secrets([new_key()])
    tenant = await make_tenant(owner_pool, pool, secrets, "Nordlicht")
    other = await make_tenant(owner_pool, pool, secrets, "Someone else")
    registry = CollectorRegistry()

    async def reachable() -> str:
        await web_pool.fetchval("SELECT 1")
        return ""

    creatio = FarCreatio()
    place: list[str] = []  # where it is served, once it is
    async with (
        SharedCommit(pool, patience=timedelta(seconds=PATIENCE_SECONDS)) as events,
        aiohttp.ClientSession() as client,
        Outside(LOOPBACK) as outside,
    ):
        real = Ticketings(outside, PostgresCalls(pool), lambda _connection: None, 8)

        def far_side(connection: Connection) -> Ticketing:
            """A connection that a test made leads to a sandbox of its own."""
            return real.of(connection) if connection.base_url.startswith(HERE) else creatio

        parts = Parts(
            events=events,
            event_log=PostgresEventLog(web_pool),
            replays=PostgresReplayOrders(web_pool),
            directory=Directory(pool, secrets),
            refusals=PostgresRefusals(pool),
            intake=PostgresIntake(web_pool),
            keys=Keys(web_pool),
            reads=PostgresReads(web_pool),
            repeats=PostgresRepeats(web_pool),
            rates=PostgresRates(web_pool),
            sessions=PostgresWidgetSessions(web_pool),
            wakes=PostgresWakes(database.dsn),
            people=people_over(web_pool),
            rules=Connections(web_pool, secrets),
            samples=NewestActivities(PostgresSamples(web_pool), lambda _connection: creatio),
            pick_lists=RememberedLists(far_side, lambda: datetime.now(tz=UTC)),
            words=words_of,
            channel_book=PostgresChannelBook(web_pool, secrets),
            callbacks=ApiChannel(outside, now=lambda: datetime.now(tz=UTC)),
            public_url="http://127.0.0.1",
            glances=PostgresGlances(web_pool),
            inbox=PostgresInbox(web_pool),
            conversations=PostgresConversations(web_pool),
            retries=PostgresReplays(web_pool),
            standings=PostgresStandings(web_pool),
            creatio=setting_up(web_pool, secrets, outside, lambda: place[0]),
            now=lambda: datetime.now(tz=UTC),
            metrics=registry,
            checks={"store": reachable},
        )
        web = build(parts, hosts=["127.0.0.1", "localhost"], proxies=[ip_network("127.0.0.0/8")])
        async with serving(web) as base:
            place.append(base)
            yield House(
                base,
                client,
                owner_pool,
                web,
                parts,
                secrets,
                pool,
                tenant,
                other,
                creatio,
                registry,
            )
            web.close_streams()
