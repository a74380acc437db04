"""The worker: takes jobs, sweeps, heals, and stops within its deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from caseway.domain.ids import ConversationKey
from caseway.ports import EventCounts, Healing
from caseway.sync.away import Away, away_because
from caseway.sync.reconciler import Reconciler
from caseway.sync.replayer import Replayer
from caseway.sync.sweeper import Sweeper
from caseway.telemetry import Metrics

log = structlog.get_logger()

HEAL_EVERY: Final = timedelta(seconds=30)
OLD: Final = timedelta(minutes=1)
REPLAY_EVERY: Final = timedelta(seconds=1)
COUNT_EVERY: Final = timedelta(seconds=30)
TIDY_EVERY: Final = timedelta(minutes=10)
SWEEP_LOOK_EVERY: Final = timedelta(seconds=1)

# One round of taking jobs; returns when stopping, or when its listening connection is lost.
Consume = Callable[[Callable[[ConversationKey], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Retention:
    """In days."""

    events: int
    ignored: int
    runs: int


@dataclass(frozen=True, slots=True)
class Worker:
    reconciler: Reconciler
    sweeper: Sweeper | None  # None: webhooks only
    healing: Healing
    counts: EventCounts
    replayer: Replayer
    consume: Consume
    retention: Retention
    metrics: Metrics
    stopping: asyncio.Event
    away: Away

    async def run(self) -> None:
        """Until `stopping` is set. A part that fails is begun again; the others go on."""
        recovered = await self.healing.recover()
        log.info("worker.started", recovered=recovered)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._again(self._take_jobs, pause=timedelta(0)))
            if self.sweeper is not None:
                parts.create_task(self._again(self._sweep, pause=timedelta(0)))
            parts.create_task(self._again(self._heal, pause=HEAL_EVERY))
            parts.create_task(self._again(self.replayer.pass_over, pause=REPLAY_EVERY))
            parts.create_task(self._again(self.counts.count, pause=COUNT_EVERY))
            parts.create_task(self._again(self._tidy, pause=TIDY_EVERY))
        log.info("worker.stopped")

    async def _take_jobs(self) -> None:
        await self.consume(self.look)

    async def look(self, key: ConversationKey) -> None:
        """One job. What goes wrong inside is healed by the lease; a bug of ours is loud."""
        began, outcome = time.monotonic(), "done"
        try:
            await self.reconciler.look(key)
        except Exception as failure:
            outcome = "broke"
            if reason := away_because(failure, self.away):
                log.warning("store.away", reason=reason, conversation=str(key.conversation))
            else:
                log.exception("run.broke", conversation=str(key.conversation))
        finally:
            self.metrics.runs.labels(outcome=outcome).inc()
            self.metrics.run_seconds.observe(time.monotonic() - began)

    async def _sweep(self) -> None:
        if self.sweeper is not None:
            await self.sweeper.keep_on(self.stopping, every=SWEEP_LOOK_EVERY)

    async def _heal(self) -> None:
        healed = await self.healing.heal(older_than=OLD)
        if healed:
            log.warning("worker.healed", conversations=healed)

    async def _tidy(self) -> None:
        await self.healing.tidy(
            keep_events=self.retention.events,
            keep_ignored=self.retention.ignored,
            keep_runs=self.retention.runs,
        )
        await self.counts.prune(keep_events=self.retention.events)

    async def _again(self, part: Callable[[], Awaitable[object]], *, pause: timedelta) -> None:
        failures = 0
        while not self.stopping.is_set():
            try:
                await part()
                failures = 0
            except Exception as failure:
                failures += 1
                name = getattr(part, "__name__", "part")
                if reason := away_because(failure, self.away):
                    log.warning("store.away", reason=reason, part=name)
                else:
                    log.exception("worker.part_failed", part=name)
            wait = pause + timedelta(seconds=min(2**failures, 30) if failures else 0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), wait.total_seconds())
