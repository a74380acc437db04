"""What starts and idles cost: the help's time, an idle serve's memory, what it has not loaded."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.bench.figures import Figure, Report
from tests.bench.ground import CASEWAY, open_ground

HELPS: Final = 7
# Loaded where they are needed, by whoever needs them.
LATE: Final = ("alembic", "sqlalchemy", "pydantic_ai", "lxml", "phonenumbers", "rich", "jinja2")
NEVER_IN_SERVE: Final = ("alembic", "pydantic_ai", "lxml")
SETTLE_S: Final = 2.0


async def measure(*, quick: bool) -> Report:
    seconds = 3.0 if quick else 10.0
    helps = [_help() for _ in range(HELPS)]
    async with open_ground() as ground:
        file = ground.folder / "modules"
        under = (sys.executable, "-m", "tests.bench.loaded", str(file))
        async with ground.serve(under=under) as served:
            await asyncio.sleep(SETTLE_S)  # what follows the start is over
            process = served.process
            spent, began = process.cpu_s, time.perf_counter()
            await asyncio.sleep(seconds)
            idle = (process.cpu_s - spent) / (time.perf_counter() - began)
            resident = process.resident_mib
            proportional = ground.postgres.proportional_mib
        modules = _tops(file)
    early = [name for name in NEVER_IN_SERVE if name in modules]
    return Report(
        bench="imports",
        setup=f"serve with nothing to do, watched for {seconds:.0f} s; the help {HELPS} times",
        figures=[
            Figure("caseway --help, the fastest", 1000 * min(helps), "ms"),
            Figure("idle serve, resident", resident, "MiB", "at most", 150),
            Figure("idle PostgreSQL, proportional set", proportional, "MiB"),
            Figure("idle serve, share of a processor", 100 * idle, "%"),
            Figure("modules loaded before they are needed", len(early), "", "at most", 0),
        ],
        notes=[
            f"too early: {', '.join(early) or 'none'}",
            f"loaded: {', '.join(n for n in LATE if n in modules) or 'none'} of {', '.join(LATE)}",
        ],
        quick=quick,
    )


def _help() -> float:
    began = time.perf_counter()
    subprocess.run([*CASEWAY, "--help"], capture_output=True, check=True)
    return time.perf_counter() - began


def _tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in file.read_text().split()}
