"""Replies a second when there are always more: one `serve`, everything on this machine."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass
from typing import Final

import asyncpg

from tests.bench.figures import Figure, Report, percentile
from tests.bench.ground import Ground
from tests.bench.messages import calls_a_message
from tests.bench.processes import Running
from tests.bench.scene import CONVERSATIONS, Scene, open_scene

AT_ONCE: Final = 64
WARM_UP_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Saturated:
    """What came of some seconds under as much work as there can be."""

    replies: int
    seconds: float
    serve_cpu_s: float
    postgres_cpu_s: float
    creatio_calls: int
    transactions: int
    took: list[float]
    resident_mib: list[float]

    @property
    def a_second(self) -> float:
        return self.replies / self.seconds


async def saturate(scene: Scene, seconds: float, *, among: int = CONVERSATIONS) -> Saturated:
    """After a warm-up. The cases are spread over all that there are, in no order."""
    exchange, ground = scene.exchange, scene.ground
    numbers = random.Random(7).sample(range(len(scene.calls)), min(among, len(scene.calls)))
    order = itertools.cycle(numbers)
    await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=WARM_UP_S)
    exchange.took.clear()
    serve = scene.served.process
    calls_before = (await scene.creatio_counts())["look"]
    transactions_before = await _transactions(ground)
    cpu = serve.cpu_s, ground.postgres.cpu_s
    began = time.perf_counter()
    resident: list[float] = []
    watching = asyncio.create_task(_watch(serve, resident))
    await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=seconds)
    took = time.perf_counter() - began
    replies = len(exchange.took)
    after = serve.cpu_s, ground.postgres.cpu_s
    watching.cancel()
    await exchange.settle()
    return Saturated(
        replies=replies,
        seconds=took,
        serve_cpu_s=after[0] - cpu[0],
        postgres_cpu_s=after[1] - cpu[1],
        creatio_calls=(await scene.creatio_counts())["look"] - calls_before,
        transactions=await _transactions(ground) - transactions_before,
        took=list(exchange.took),
        resident_mib=resident,
    )


async def _watch(process: Running, into: list[float]) -> None:
    while True:
        into.append(process.resident_mib)
        await asyncio.sleep(0.5)


async def _transactions(ground: Ground) -> int:
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        found: int = await link.fetchval(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return found
    finally:
        await link.close()


async def measure(*, quick: bool) -> Report:
    seconds = 4.0 if quick else 15.0
    async with open_scene() as scene:
        serve = scene.served.process
        at_first = serve.resident_mib
        found = await saturate(scene, seconds)
        proportional = scene.ground.postgres.proportional_mib
        afterwards = serve.resident_mib
        a_message = await calls_a_message(scene)
        strays, statuses = scene.exchange.strays, scene.exchange.statuses
    all_of_them = len(found.took)
    return Report(
        bench="replies",
        setup=(
            f"one serve, a thin Creatio, {AT_ONCE} webhooks always under way over "
            f"{CONVERSATIONS:,} cases for {seconds:.0f} s, all on this machine"
        ),
        figures=[
            Figure("replies a second", found.a_second, "/s", "at least", 500),
            Figure(
                "serve's processor time, a reply",
                1000 * found.serve_cpu_s / found.replies,
                "ms",
                "at most",
                1.8,
            ),
            Figure(
                "PostgreSQL's processor time, a reply",
                1000 * found.postgres_cpu_s / found.replies,
                "ms",
            ),
            Figure(
                "calls of Creatio, a reply", found.creatio_calls / all_of_them, "", "at most", 1.05
            ),
            Figure("calls of Creatio, a customer's message", a_message, "", "at most", 2),
            Figure("transactions, a reply", found.transactions / all_of_them, "", "at most", 4),
            Figure("webhook to callback, median", 1000 * percentile(found.took, 0.5), "ms"),
            Figure(
                "webhook to callback, 99th percentile", 1000 * percentile(found.took, 0.99), "ms"
            ),
            Figure("serve resident, at first", at_first, "MiB"),
            Figure("serve resident, at most", max(found.resident_mib), "MiB", "at most", 150),
            Figure("serve resident, afterwards", afterwards, "MiB"),
            Figure("PostgreSQL's proportional set", proportional, "MiB"),
            Figure("replies delivered that nobody asked for", strays, "", "at most", 0),
        ],
        notes=[f"answers to the webhooks: {dict(statuses)}"],
        quick=quick,
    )
