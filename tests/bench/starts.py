"""How long until it works again: a start on data that is there, and the demo's second start."""

import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp

from tests.bench import rows
from tests.bench.figures import Figure, Report
from tests.bench.ground import CASEWAY, Ground, open_ground
from tests.bench.processes import running, said
from tests.database import data_folder
from tests.ports import free_port

DEMO: Final = (sys.executable, "-m", "caseway", "demo", "--port", "0", "--json")
STARTS: Final = 3
GLANCE_S: Final = 0.01
WITHIN_S: Final = 60.0


async def measure(*, quick: bool) -> Report:
    starts = 1 if quick else STARTS
    async with open_ground() as ground:
        await rows.write(ground, 1_000, 2)
        taken = [await ground.without_its_server(_until_accepted) for _ in range(starts)]
    with data_folder() as folder, tempfile.TemporaryDirectory() as words:
        first = await _demo(folder, Path(words, "demo.log"))
        second = [await _demo(folder, Path(words, "demo.log")) for _ in range(starts)]
    return Report(
        bench="starts",
        setup=f"each process and PostgreSQL stopped before; the median of {starts}",
        figures=[
            Figure("serve: to the first webhook accepted", median(taken), "s", "at most", 3),
            Figure("demo: the second start, all up", median(second), "s", "at most", 5),
            Figure("demo: the very first start, all up", first, "s"),
        ],
        quick=quick,
    )


async def _until_accepted(ground: Ground) -> float:
    """Like a caller who does not give up."""
    port = free_port()
    hook = f"http://127.0.0.1:{port}/backend/creatio/webhook/{ground.token}"
    body = {"event_type": "new_activity", "caseId": rows.case(1)}
    began = time.perf_counter()
    command = (*CASEWAY, "serve", "--port", str(port))
    async with (
        running(command, ground.folder / "start.log", ground.environment),
        aiohttp.ClientSession() as client,
        asyncio.timeout(WITHIN_S),
    ):
        while True:
            with suppress(aiohttp.ClientError):
                async with client.post(hook, json=body) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - began
            await asyncio.sleep(GLANCE_S)


async def _demo(folder: Path, words: Path) -> float:
    began = time.perf_counter()
    async with running((*DEMO, "--data", str(folder)), words) as process:
        await said(process, r"\{.*\}\n")
        return time.perf_counter() - began
