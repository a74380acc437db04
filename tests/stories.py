"""One organisation with its Creatio and a channel, on a real database: where stories begin."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg

from caseway.domain.adoption import Outcome
from caseway.domain.connection import (
    Auth,
    ChannelAccount,
    ChannelSettings,
    Connection,
    ConnectionSettings,
    Platform,
)
from caseway.domain.conversation import Author, Ledger
from caseway.domain.ids import (
    CaseId,
    ChannelId,
    ConnectionId,
    ConversationKey,
    EventId,
    OrganisationId,
)
from caseway.domain.secret import Secret
from caseway.ports import Inbound, Kept, Looks, NewEvent
from caseway.store.healing import PostgresHealing
from caseway.store.intake import PostgresIntake
from caseway.store.looks import PostgresLooks
from caseway.store.queue import enqueue
from caseway.store.sweeps import PostgresSweeps
from caseway.store.webhooks import SharedCommit
from caseway.sync.reconciler import Reconciler, Surroundings
from caseway.sync.sweeper import Sweeper
from tests.far_side import FarCreatio, Postbox

HOUR = timedelta(hours=1)
PATIENCE = timedelta(minutes=1)  # a busy machine; what the store is given has its own tests


class NoBudget:
    def count(self, call: object) -> None: ...

    def used_today(self) -> int:
        return 0


@dataclass
class Story:
    """The parts of one story, wired as bootstrap does, with far sides that a test commands."""

    owner: "asyncpg.Pool[asyncpg.Record]"
    pool: "asyncpg.Pool[asyncpg.Record]"
    web: "asyncpg.Pool[asyncpg.Record]"
    connection: Connection
    account: ChannelAccount
    creatio: FarCreatio = field(default_factory=FarCreatio)
    postbox: Postbox = field(default_factory=Postbox)
    chance: Callable[[], float] = lambda: 0.0
    lease: timedelta = timedelta(seconds=12)
    renew_every: timedelta = timedelta(seconds=3)
    passed: float = 0.0  # s that the worker's own clock was put forward

    def __post_init__(self) -> None:
        self.looks: Looks = PostgresLooks(self.pool, lease=self.lease)
        self.intake = PostgresIntake(self.web)
        self.healing = PostgresHealing(self.pool)
        self.sweeps = PostgresSweeps(self.pool)
        self.sweeper = Sweeper(
            sweeps=self.sweeps,
            connections=self._connections,
            ticketing=lambda _connection: self.creatio,
            calls=lambda _key: NoBudget(),
            healed=lambda _many: None,
            away=(),
        )

    async def _connections(self) -> list[Connection]:
        return [self.connection]

    async def _surroundings(self, _ledger: Ledger) -> Surroundings:
        return Surroundings(self.connection, self.creatio, self.account, self.postbox)

    def reconciler(self) -> Reconciler:
        return Reconciler(
            looks=self.looks,
            surroundings=self._surroundings,
            words=lambda reply: reply.text,
            chance=self.chance,
            lease=self.lease,
            renew_every=self.renew_every,
            monotonic=lambda: time.monotonic() + self.passed,
        )

    async def customer_writes(
        self,
        text: str,
        *,
        peer: str = "customer-1",
        provider_id: str = "",
        starts_as_ai: bool = False,
    ) -> Kept:
        return await self.intake.keep(
            Inbound(
                organisation=self.connection.organisation,
                channel=self.account.id,
                peer=peer,
                address=peer,
                author=Author.CONTACT,
                name="Ines",
                email="",
                phone="",
                verified=True,
                text=text,
                provider_id=provider_id,
                written_at=datetime.now(tz=UTC),
                starts_as_ai=starts_as_ai,
            ),
            self.connection,
        )

    async def webhook(self, case: CaseId, kind: str = "new_activity") -> None:
        token = await self.pool.fetchval(
            "SELECT id FROM webhook_token WHERE connection_id = $1", self.connection.id
        )
        async with SharedCommit(self.pool, patience=PATIENCE) as commit:
            await commit.keep(
                NewEvent(
                    id=EventId(uuid4()),
                    organisation=self.connection.organisation,
                    connection=self.connection.id,
                    token=token,
                    token_name="storytok",
                    source="127.0.0.1",
                    type=kind,
                    case=case,
                    outcome=Outcome.ACCEPTED,
                    reason="",
                    body=b"{}",
                )
            )

    # the queue, taken from by hand so that a test decides when

    async def jobs(self, most: int = 1000) -> list[ConversationKey]:
        """Take every job of this story that is ready, the oldest first.

        What was put off becomes ready by `pass_time` alone, however slow the machine is: the
        shortest backoff is 1 s. A job is made in the moment from which its delay counts.
        """
        rows = await self.pool.fetch(
            """DELETE FROM queue.pgqueuer WHERE id IN (
                   SELECT id FROM queue.pgqueuer
                    WHERE execute_after <= created AND substr(payload, 1, 16) = $1
                    ORDER BY id LIMIT $2) RETURNING id, payload""",
            self.connection.organisation.bytes,
            most,
        )
        return [
            ConversationKey.from_bytes(r["payload"]) for r in sorted(rows, key=lambda r: r["id"])
        ]

    async def work(self, rounds: int = 50) -> None:
        """Run what is ready until nothing is."""
        for _ in range(rounds):
            jobs = await self.jobs()
            if not jobs:
                return
            for key in jobs:
                await self.reconciler().look(key)
        raise AssertionError("the work never ends")

    async def pass_time(self, span: timedelta) -> None:
        """Everything that waits for a time is that much nearer to it, here and at Creatio's."""
        ours = self.connection.organisation
        for statement in (
            "UPDATE conversation SET due_at = due_at - $1::interval, lease_until = lease_until - $1::interval WHERE organisation_id = $2",
            "UPDATE delivery SET not_before = not_before - $1::interval, owed_at = owed_at - $1::interval WHERE organisation_id = $2",
            "UPDATE sweep_cursor SET next_at = next_at - $1::interval, lease_until = lease_until - $1::interval WHERE organisation_id = $2",
        ):
            await self.pool.execute(statement, span, ours)
        await self.pool.execute(
            """UPDATE queue.pgqueuer SET execute_after = execute_after - $1::interval
                WHERE substr(payload, 1, 16) = $2""",
            span,
            ours.bytes,
        )
        self.passed += span.total_seconds()
        self.creatio.shift += span

    async def owe_look(self, key: ConversationKey, *, after: timedelta) -> None:
        async with self.pool.acquire() as connection:
            await enqueue(connection, key, delay=after)

    async def waiting_jobs(self) -> int:
        found: int = await self.pool.fetchval(
            "SELECT count(*) FROM queue.pgqueuer WHERE substr(payload, 1, 16) = $1",
            self.connection.organisation.bytes,
        )
        return found

    async def leave(self) -> None:
        """Nobody is to come back to this story: other stories use the same database."""
        ours = self.connection.organisation
        await self.pool.execute(
            "DELETE FROM queue.pgqueuer WHERE substr(payload, 1, 16) = $1", ours.bytes
        )
        await self.pool.execute(
            """UPDATE conversation SET due_at = NULL, lease_until = NULL
                WHERE organisation_id = $1""",
            ours,
        )

    async def row(self, key: ConversationKey) -> asyncpg.Record:
        found = await self.pool.fetchrow(
            "SELECT * FROM conversation WHERE id = $1", key.conversation
        )
        assert found is not None
        return found


async def begin_story(
    owner: "asyncpg.Pool[asyncpg.Record]",
    pool: "asyncpg.Pool[asyncpg.Record]",
    web: "asyncpg.Pool[asyncpg.Record]",
    *,
    settings: ConnectionSettings | None = None,
    channel: ChannelSettings | None = None,
    kind: str = "api",
) -> Story:
    """A new organisation's rows, and a story on them."""
    organisation = OrganisationId(uuid4())
    connection = Connection(
        organisation=organisation,
        id=ConnectionId(uuid4()),
        name="north",
        base_url="http://127.0.0.1:1",
        identity_url="",
        platform=Platform.FRAMEWORK,
        auth=Auth.OAUTH,
        login="client",
        secret=Secret("secret"),
        settings=settings or ConnectionSettings(),
        version=1,
    )
    account = ChannelAccount(
        organisation=organisation,
        id=ChannelId(uuid4()),
        connection=connection.id,
        kind=kind,
        name="shop",
        settings=channel or ChannelSettings(),
        secret=None,
        version=1,
    )
    await owner.execute(
        "INSERT INTO organisation (id, name) VALUES ($1, $2)", organisation, str(organisation)
    )
    await insert(owner, connection, account)
    return Story(owner, pool, web, connection, account)


async def insert(
    owner: "asyncpg.Pool[asyncpg.Record]", connection: Connection, account: ChannelAccount
) -> None:
    """Their rows, and a token by which Creatio calls."""
    await owner.execute(
        """INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret)
           VALUES ($1, $2, $3, $4, 'oauth', 'client', '')""",
        connection.organisation,
        connection.id,
        connection.name,
        connection.base_url,
    )
    await owner.execute(
        """INSERT INTO webhook_token
               (organisation_id, id, connection_id, public_name, digest, secret)
           VALUES ($1, $2, $3, $4, '', '')""",
        connection.organisation,
        uuid4(),
        connection.id,
        uuid4().hex[:8],
    )
    await owner.execute(
        """INSERT INTO channel (organisation_id, id, connection_id, kind, name)
           VALUES ($1, $2, $3, $4, $5)""",
        connection.organisation,
        account.id,
        connection.id,
        account.kind,
        account.name,
    )
