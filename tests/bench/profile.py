"""Where a reply's time goes: statements by PostgreSQL's own statistics, functions by cProfile."""

import asyncio
import pstats
import sys
from pathlib import Path
from typing import Final

import asyncpg

from tests.bench.exchange import round_robin
from tests.bench.figures import Figure, Report
from tests.bench.ground import Ground
from tests.bench.replies import AT_ONCE, CONVERSATIONS, WARM_UP_S, open_scene

PRELOADED: Final = {"shared_preload_libraries": "pg_stat_statements"}
STATEMENTS: Final = """
SELECT query, calls, total_exec_time AS ms, wal_bytes, rows FROM pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY calls DESC LIMIT 40
"""
MOST_FUNCTIONS: Final = 45
SAME_WORDS: Final = 60


async def measure(*, quick: bool) -> Report:
    seconds = 4.0 if quick else 10.0
    async with open_scene(postgres=PRELOADED) as scene:
        exchange, ground = scene.exchange, scene.ground
        await _administer(ground, "CREATE EXTENSION pg_stat_statements")
        order = iter(round_robin(CONVERSATIONS))
        await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=WARM_UP_S)
        await _administer(ground, "SELECT pg_stat_statements_reset()")
        exchange.took.clear()
        await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=seconds)
        await exchange.settle()
        replies = len(exchange.took)
        found = await _administer(ground, STATEMENTS)
    notes = ["", "  a reply   ms each   ms a reply   WAL, B   statement"]
    notes += [
        f"{row['calls'] / replies:9.2f} {row['ms'] / row['calls']:9.3f} {row['ms'] / replies:12.3f}"
        f" {row['wal_bytes'] / replies:8.0f}   {_words(row['query'])}"
        for row in found
        if row["calls"] >= replies / 100
    ]
    notes += ["", *await _functions(seconds)]
    return Report(
        bench="profile",
        setup=f"as `replies`, with pg_stat_statements; then once more under cProfile, {seconds:.0f} s each",
        figures=[
            Figure("statements, a reply", sum(r["calls"] for r in found) / replies),
            Figure("time in statements, a reply", sum(r["ms"] for r in found) / replies, "ms"),
            Figure("write-ahead log, a reply", float(sum(r["wal_bytes"] for r in found)) / replies, "B"),
        ],
        notes=notes,
        quick=quick,
    )


async def _functions(seconds: float) -> list[str]:
    """Own time of each function; cProfile itself weighs most on what is called most."""
    async with open_scene(postgres={}, under=_under(Path("/dev/null"))) as scene:
        exchange = scene.exchange
        order = round_robin(CONVERSATIONS)
        await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=seconds)
    return []


def _under(file: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "cProfile", "-o", str(file), "-m", "caseway")


async def _administer(ground: Ground, statement: str) -> list[asyncpg.Record]:
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        return await link.fetch(statement)
    finally:
        await link.close()


def _words(statement: str) -> str:
    words = " ".join(statement.split())
    return words if len(words) <= SAME_WORDS else f"{words[:SAME_WORDS]}…"
