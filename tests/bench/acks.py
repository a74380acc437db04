"""How many webhooks a second are kept, committed and acknowledged, against the route alone."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Final

import asyncpg

from tests.bench import rows, wrk
from tests.bench.figures import Figure, Report
from tests.bench.ground import Ground, open_ground

CEILING: Final = (sys.executable, "-m", "tests.bench.ceiling")
CASES: Final = 5_000
CALLERS: Final = 256  # enough that the disk, which flushes for all of them at once, is no bound
ROUNDS: Final = 3
# Each round meets every case unmarked, as it is in a day's work.
FRESH: Final = (
    "UPDATE conversation SET due_at = NULL, hints = 0",
    "TRUNCATE queue.pgqueuer, queue.pgqueuer_log",
    "VACUUM conversation",
)


async def measure(*, quick: bool) -> Report:
    seconds = 2.0 if quick else 6.0
    setup = (
        f"wrk, {CASES:,} cases in turn, {CALLERS} callers, serve --no-worker, {ROUNDS} rounds of "
        f"{seconds:.0f} s each in turn with the ceiling: the same route, the commit left out"
    )
    try:
        program = wrk.find()
    except wrk.Missing as missing:
        return Report("acks", setup, skipped=str(missing), quick=quick)
    async with AsyncExitStack() as opened:
        ground = await opened.enter_async_context(open_ground())
        await rows.write(ground, CASES, 1)
        served = await opened.enter_async_context(ground.serve("--no-worker"))
        ceiling = await opened.enter_async_context(ground.answering(CEILING))
        path, bodies = f"/backend/creatio/webhook/{ground.token}", _bodies(ground)

        async def load(address: str, callers: int) -> wrk.Load:
            await _freshen(ground)
            return await wrk.load(program, address, path, bodies, callers=callers, seconds=seconds)

        for address in (ceiling.address, served.address):  # connections, plans, caches
            await load(address, CALLERS)
        above, kept = [], []
        for _ in range(ROUNDS):
            above.append(await load(ceiling.address, CALLERS))
            kept.append(await load(served.address, CALLERS))
        twice = await load(served.address, 2 * CALLERS)
        crowd = await load(served.address, 1_000)
    acks = median(one.good_a_second for one in kept)
    most = median(one.good_a_second for one in above)
    every = [*kept, twice, crowd]
    return Report(
        bench="acks",
        setup=setup,
        figures=[
            Figure("share of the ceiling", acks / most, "", "at least", 0.7),
            Figure("acknowledged a second", acks, "/s"),
            Figure("the ceiling", most, "/s"),
            Figure("median", median(one.p50 for one in kept), "ms"),
            Figure("99th percentile", max(one.p99 for one in kept), "ms", "at most", 250),
            Figure("99th percentile, twice the callers", twice.p99, "ms", "at most", 250),
            Figure("99th percentile, 1,000 callers", crowd.p99, "ms", "at most", 250),
            Figure("1,000 callers: acknowledged a second", crowd.good_a_second, "/s"),
            Figure("answered with a refusal", sum(one.refused for one in every)),
            Figure("without an answer", sum(one.lost for one in every), "", "at most", 0),
        ],
        quick=quick,
    )


def _bodies(ground: Ground) -> Path:
    file = ground.folder / "bodies"
    lines = [f'{{"event_type": "new_activity", "caseId": "{rows.case(n)}"}}' for n in range(CASES)]
    file.write_text("\n".join(lines) + "\n")
    return file


async def _freshen(ground: Ground) -> None:
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        for statement in FRESH:
            await link.execute(statement)
    finally:
        await link.close()
