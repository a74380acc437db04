"""Processes of a bench: started, waited for, weighed, and stopped whatever happens."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from caseway.demo.children import stop

READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 30.0
MEBIBYTE: Final = 1024 * 1024


class DidNotStart(Exception):
    """A process that a bench needs ended or stayed silent; the text has its last words."""


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    words: Path  # what it says, both streams

    @property
    def cpu_s(self) -> float:
        return _cpu_s(psutil.Process(self.pid))

    @property
    def resident_mib(self) -> float:
        resident: int = psutil.Process(self.pid).memory_info().rss
        return resident / MEBIBYTE


@asynccontextmanager
async def running(
    command: Sequence[str | Path], words: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """It is stopped by SIGTERM, and after a while by SIGKILL."""
    with words.open("wb") as said:
        child = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=said, stderr=said, env=env, start_new_session=True
        )
    try:
        yield Running(child.pid, words)
    finally:
        await stop(child, within_s=STOP_WITHIN_S)


async def said(process: Running, pattern: str) -> re.Match[str]:
    """Waits until the process has said it. Raises `DidNotStart`."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        text = process.words.read_text(errors="replace")
        if found := re.search(pattern, text):
            return found
        if not psutil.pid_exists(process.pid) or _is_dead(process.pid):
            break
        await asyncio.sleep(0.005)
    last = " / ".join(process.words.read_text(errors="replace").splitlines()[-5:])
    raise DidNotStart(f"{process.words.stem} did not start: {last}")


def _is_dead(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return True


@dataclass(frozen=True, slots=True)
class Postgres:
    """The server with all its processes."""

    pid: int

    @classmethod
    def of(cls, data: Path) -> "Postgres":
        """The embedded one of this data folder."""
        file = data / "postgresql" / "cluster" / "postmaster.pid"
        return cls(int(file.read_text().splitlines()[0]))

    def _all(self) -> list[psutil.Process]:
        first = psutil.Process(self.pid)
        return [first, *first.children()]

    @property
    def cpu_s(self) -> float:
        """Of those that live, and of those that ended."""
        ended = psutil.Process(self.pid).cpu_times()
        total = ended.children_user + ended.children_system
        for one in self._all():
            with suppress(psutil.NoSuchProcess):
                total += _cpu_s(one)
        return float(total)

    @property
    def proportional_mib(self) -> float:
        """Shared memory counted once, divided among those who share it."""
        total = 0
        for one in self._all():
            with suppress(OSError):
                text = Path(f"/proc/{one.pid}/smaps_rollup").read_text()
                found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
                total += int(found[1]) if found else 0
        return total / 1024


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
