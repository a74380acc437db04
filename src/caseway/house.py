"""One running process, wired: the store's adapters, the way out, the worker, the web.

The one place besides `bootstrap` that knows the concrete classes.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import structlog

from caseway.bootstrap import OpenStore, open_pool
from caseway.channels.api import ApiChannel
from caseway.channels.widget import WidgetChannel
from caseway.config import Settings
from caseway.creatio.circuit import State
from caseway.creatio.quotes import fold_quotes
from caseway.creatio.ticketing import CreatioTicketing
from caseway.creatio.words import plain_text
from caseway.domain.adoption import Reply
from caseway.domain.connection import Connection, Platform
from caseway.domain.conversation import Ledger
from caseway.domain.ids import ConnectionKey, ConversationKey
from caseway.domain.stock import EMAIL
from caseway.outbound import Outside
from caseway.ports import Channel, Ticketing
from caseway.store.calls import PostgresCalls
from caseway.store.consumer import consume
from caseway.store.directory import Directory
from caseway.store.event_counts import PostgresEventCounts
from caseway.store.healing import PostgresHealing
from caseway.store.looks import LEASE, PostgresLooks
from caseway.store.reached import AWAY, UNREACHED
from caseway.store.replay_orders import PostgresRunningReplays
from caseway.store.roles import Role
from caseway.store.sweeps import PostgresSweeps
from caseway.sync.metered import MeteredChannel
from caseway.sync.reconciler import Reconciler, Surroundings
from caseway.sync.replayer import Replayer
from caseway.sync.sweeper import Sweeper
from caseway.sync.worker import Retention, Worker
from caseway.telemetry import Metrics

log = structlog.get_logger()

JOB_CONNECTIONS: Final = 4
SAVE_EVERY: Final = timedelta(seconds=1)
GAUGES_EVERY: Final = timedelta(seconds=15)
BETWEEN_HELPINGS: Final = timedelta(milliseconds=200)
LISTEN_PAUSE: Final = timedelta(seconds=2)


def words_of(reply: Reply) -> str:
    """A reply as the customer reads it: HTML becomes text, what a mail quotes is folded away."""
    text = plain_text(reply.text) if reply.is_html else reply.text
    if reply.activity.type_id == EMAIL:
        text = fold_quotes(text)
    return text.strip()


class Ticketings:
    """One client for each version of a connection's configuration."""

    def __init__(
        self,
        outside: Outside,
        calls: PostgresCalls,
        answers_again: Callable[[ConnectionKey], None],
        at_once: int,
        *,
        is_well: Callable[[ConnectionKey], None] = lambda _key: None,
    ) -> None:
        self._outside = outside
        self._calls = calls
        self._answers_again = answers_again
        self._is_well = is_well
        self._at_once = at_once
        self._made: dict[ConnectionKey, tuple[int, CreatioTicketing]] = {}

    def of(self, connection: Connection) -> Ticketing:
        version, made = self._made.get(connection.key, (0, None))
        if made is None or version != connection.version:
            key = connection.key
            if made is not None and made.circuit.state is not State.CLOSED:
                self._answers_again(key)  # what waited for the old settings need not wait longer
            made = CreatioTicketing(
                connection,
                self._outside,
                self._calls.of(key),
                on_closed=lambda: self._answers_again(key),
                on_well=lambda: self._is_well(key),
                at_once=self._at_once,
            )
            self._made[key] = (connection.version, made)
        return made

    def found_platform(self, key: ConnectionKey) -> Platform | None:
        return self._made[key][1].found_platform

    def has_answered(self, key: ConnectionKey) -> bool:
        """What was asked last, and not only asked: a failure or two do not open the circuit."""
        return self._made[key][1].answers

    def troubles(self) -> dict[ConnectionKey, str]:
        """Why a connection is not being asked at the moment; empty: it is."""
        return {
            key: "" if made.circuit.state is State.CLOSED else made.circuit.reason
            for key, (_, made) in self._made.items()
        }


@dataclass(frozen=True, slots=True)
class House:
    store: OpenStore
    settings: Settings
    metrics: Metrics
    directory: Directory
    outside: Outside
    calls: PostgresCalls
    ticketings: Ticketings
    channels: dict[str, Channel]
    healing: PostgresHealing
    answered: "asyncio.Queue[ConnectionKey]"  # after an outage
    well: "asyncio.Queue[ConnectionKey]"  # after an outage, or for the first time
    jobs: "asyncpg.Pool[asyncpg.Record]"  # for taking jobs: a job taken twice is harmless

    async def surroundings(self, ledger: Ledger) -> Surroundings:
        organisation = ledger.key.organisation
        connection = await self.directory.connection(ConnectionKey(organisation, ledger.connection))
        account = await self.directory.channel(organisation, ledger.channel)
        return Surroundings(
            connection=connection,
            ticketing=self.ticketings.of(connection),
            account=account,
            channel=self.channels[account.kind],
        )

    def worker(self, stopping: asyncio.Event) -> Worker:
        settings = self.settings
        reconciler = Reconciler(
            looks=PostgresLooks(self.store.sync),
            surroundings=self.surroundings,
            words=words_of,
            chance=random.random,
            lease=LEASE,
            renew_every=LEASE / 4,
        )
        sweeper = Sweeper(
            sweeps=PostgresSweeps(self.store.sync),
            connections=self.directory.sweepable,
            ticketing=self.ticketings.of,
            calls=self.calls.of,
            healed=self.metrics.healed.inc,
            away=AWAY,
        )

        async def rounds(look: Callable[[ConversationKey], Awaitable[None]]) -> None:
            await consume(
                self.jobs,
                self.store.connect_direct,
                look,
                at_once=settings.worker_concurrency,
                stopping=stopping,
                deadline=settings.shutdown - timedelta(seconds=2),
            )

        return Worker(
            reconciler=reconciler,
            sweeper=sweeper if settings.sweep else None,
            healing=self.healing,
            counts=PostgresEventCounts(self.store.sync),
            replayer=Replayer(
                orders=PostgresRunningReplays(self.store.sync),
                connection=self.directory.connection,
                calls=self.calls.of,
            ),
            consume=rounds,
            retention=Retention(
                settings.keep_events_days, settings.keep_ignored_days, settings.keep_runs_days
            ),
            metrics=self.metrics,
            stopping=stopping,
            away=AWAY,
        )

    async def duties(self) -> None:
        """What every process does besides its work; runs until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear_settings())
            tasks.create_task(self._save_calls())
            tasks.create_task(self._bring_forward())
            tasks.create_task(self.note_answers())
            tasks.create_task(self._gauge())

    async def _note(self, key: ConnectionKey, trouble: str) -> None:
        """For `connection list` and Health: how the connection fares, while it is used at all."""
        connections = self.store.registry.connections
        if trouble:
            await connections.note_trouble(key, trouble)
        elif self.calls.of(key).used_lately() and self.ticketings.has_answered(key):
            found = self.ticketings.found_platform(key)
            await connections.note_success(key, datetime.now(tz=UTC), found)

    async def note_answers(self) -> None:
        """A connection is well from its answer on, not from the next round of the gauges."""
        while True:
            key = await self.well.get()
            found = self.ticketings.found_platform(key)
            with suppress(*UNREACHED):  # then the next round of the gauges notes it
                await self.store.registry.connections.note_success(key, datetime.now(tz=UTC), found)

    async def _hear_settings(self) -> None:
        while True:
            with suppress(*UNREACHED):
                link = await self.store.connect_direct()
                ended = asyncio.Event()
                link.add_termination_listener(lambda _link, ended=ended: ended.set())
                try:
                    await self.directory.listen(link)
                    await ended.wait()
                finally:
                    link.terminate()
            await asyncio.sleep(LISTEN_PAUSE.total_seconds())

    async def _save_calls(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY.total_seconds())
            try:
                await self.calls.save()
            except UNREACHED as failure:
                log.warning("calls.not_saved", reason=type(failure).__name__)

    async def _bring_forward(self) -> None:
        """Creatio answers again: what waited for it need not wait for its own time."""
        while True:
            key = await self.answered.get()
            with suppress(*UNREACHED):
                if await self.healing.bring_forward(key):
                    await asyncio.sleep(BETWEEN_HELPINGS.total_seconds())
                    self.answered.put_nowait(key)  # there may be more

    async def _gauge(self) -> None:
        while True:
            await self.gauge()
            await asyncio.sleep(GAUGES_EVERY.total_seconds())

    async def gauge(self) -> None:
        """One round."""
        with suppress(*UNREACHED):
            found = await self.healing.backlog()
            self.metrics.backlog.set(found["due"])
            self.metrics.backlog_seconds.set(found["oldest_s"])
            self.metrics.owed.set(found["owed"])
            self.metrics.parked.set(found["parked"])
        for key, trouble in self.ticketings.troubles().items():
            self.metrics.circuit_open.labels(connection=str(key.connection)).set(bool(trouble))
            with suppress(*UNREACHED):
                await self._note(key, trouble)


@asynccontextmanager
async def open_house(store: OpenStore, settings: Settings) -> AsyncIterator[House]:
    """Everything but the worker and the web, which a process may have or not."""
    metrics = Metrics()
    answered: asyncio.Queue[ConnectionKey] = asyncio.Queue(maxsize=1000)
    well: asyncio.Queue[ConnectionKey] = asyncio.Queue(maxsize=1000)

    def told(news: "asyncio.Queue[ConnectionKey]") -> Callable[[ConnectionKey], None]:
        def tell(key: ConnectionKey) -> None:
            with suppress(asyncio.QueueFull):
                news.put_nowait(key)

        return tell

    async with (
        Outside(settings.allowed_networks) as outside,
        open_pool(settings, store.owner_dsn, Role.SYNC, JOB_CONNECTIONS, durable=False) as jobs,
    ):
        calls = PostgresCalls(
            store.sync, lambda call: metrics.creatio_calls.labels(kind=call.kind).inc(call.calls)
        )
        house = House(
            store=store,
            settings=settings,
            metrics=metrics,
            directory=Directory(store.sync, store.secrets),
            outside=outside,
            calls=calls,
            ticketings=Ticketings(
                outside,
                calls,
                told(answered),
                settings.calls_in_flight,
                is_well=told(well),
            ),
            channels={
                channel.kind: MeteredChannel(channel, metrics)
                for channel in (
                    ApiChannel(outside, now=lambda: datetime.now(tz=UTC)),
                    WidgetChannel(),
                )
            },
            healing=PostgresHealing(store.sync),
            answered=answered,
            well=well,
            jobs=jobs,
        )
        async with asyncio.TaskGroup() as tasks:
            duties = tasks.create_task(house.duties())
            try:
                yield house
            finally:
                duties.cancel()
                with suppress(*UNREACHED):
                    await calls.save()
