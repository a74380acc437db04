"""Where a reply's time goes: statements by PostgreSQL's statistics, functions by a sampler."""

import re
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg

from caseway.store.queries import load_all
from tests.bench.exchange import round_robin
from tests.bench.figures import Figure, Report
from tests.bench.ground import Ground
from tests.bench.replies import AT_ONCE, WARM_UP_S
from tests.bench.scene import CONVERSATIONS, open_scene

PRELOADED: Final = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_planning": "on",
}
STATEMENTS: Final = """
SELECT query, calls, total_exec_time AS ms, total_plan_time AS plan_ms, wal_bytes
  FROM pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY total_exec_time + total_plan_time DESC LIMIT 40
"""
FUNCTIONS: Final = 25
LIBRARIES: Final = 14
LONGEST: Final = 58
AT_WORK: Final = "Runner.run"  # in each stack once the event loop runs
NOT_YET: Final = ("importlib", "web/app.py:build", "bootstrap.py")


def _bare(statement: str) -> str:
    """Without what PostgreSQL replaces by numbers: constants and parameters are all the same."""
    told = re.sub(r"^/\*.*?\*/\s*", "", statement)
    told = re.sub(r"\$\d+|'[^']*'|\b\d+\b|\b(?:true|false|null)\b", "?", told, flags=re.IGNORECASE)
    return " ".join(told.split())


_OURS: Final = {
    _bare(query.sql): query.name for queries in load_all().values() for query in queries.values()
}


async def measure(*, quick: bool) -> Report:
    seconds = 4.0 if quick else 12.0
    with TemporaryDirectory() as folder:
        stacks = Path(folder, "stacks")
        under = (sys.executable, "-m", "tests.bench.sampled", str(stacks))
        async with open_scene(postgres=PRELOADED, under=under) as scene:
            exchange, ground = scene.exchange, scene.ground
            await _administer(ground, "CREATE EXTENSION pg_stat_statements")
            order = iter(round_robin(CONVERSATIONS))
            await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=WARM_UP_S)
            await exchange.settle()
            await _administer(ground, "SELECT pg_stat_statements_reset()")
            exchange.took.clear()
            await exchange.saturate(scene.calls, order, at_once=AT_ONCE, seconds=seconds)
            await exchange.settle()
            replies = len(exchange.took)
            found = await _administer(ground, STATEMENTS)
        functions = _functions(stacks.read_text().splitlines())
    return Report(
        bench="profile",
        setup=f"as `replies` for {seconds:.0f} s, with pg_stat_statements and a sampler of processor time",
        figures=[
            Figure("statements, a reply", sum(row["calls"] for row in found) / replies),
            Figure("time in statements, a reply", sum(row["ms"] for row in found) / replies, "ms"),
            Figure("time in plans, a reply", sum(row["plan_ms"] for row in found) / replies, "ms"),
            Figure(
                "log written, a reply", sum(int(row["wal_bytes"]) for row in found) / replies, "B"
            ),
        ],
        notes=[*_statements(found, replies), *functions],
        quick=quick,
    )


def _statements(found: list[asyncpg.Record], replies: int) -> list[str]:
    lines = ["", " a reply   run, ms  plan, ms   WAL, B  statement (times a reply)"]
    lines += [
        f"{row['calls'] / replies:8.2f} {row['ms'] / replies:9.3f} {row['plan_ms'] / replies:9.3f}"
        f" {int(row['wal_bytes']) / replies:8.0f}  {_words(row['query'])}"
        for row in found
        if row["calls"] >= replies / 100
    ]
    return lines


def _functions(lines: list[str]) -> list[str]:
    """Shares of serve's own processor time; a library's are its own frames, at the stack's end."""
    whole, inside, at_the_end = 0, Counter[str](), Counter[str]()
    for line in lines:
        stack, _, many = line.rpartition(" ")
        if AT_WORK not in stack or any(word in stack for word in NOT_YET):
            continue
        frames = stack.split(";")
        whole += int(many)
        for frame in {f for f in frames if f.startswith(("caseway/", "asyncpg/", "aiohttp/"))}:
            inside[frame] += int(many)
        at_the_end[_library(frames[-1])] += int(many)
    told = ["", "share of serve's processor time, by library (own frames)"]
    told += [f"{100 * n / whole:7.1f} %  {name}" for name, n in at_the_end.most_common(LIBRARIES)]
    told += ["", "and within a function, with all that it calls"]
    told += [f"{100 * n / whole:7.1f} %  {name}" for name, n in inside.most_common(FUNCTIONS)]
    return told


def _library(frame: str) -> str:
    parts = frame.partition(":")[0].split("/")
    if parts[0].startswith("."):
        return f"python {parts[-1]}"
    return "/".join(parts[:2]) if parts[0] == "caseway" else parts[0]


async def _administer(ground: Ground, statement: str) -> list[asyncpg.Record]:
    link = await asyncpg.connect(ground.administrator_dsn)
    try:
        return await link.fetch(statement)
    finally:
        await link.close()


def _words(statement: str) -> str:
    words = _OURS.get(_bare(statement)) or " ".join(statement.split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
