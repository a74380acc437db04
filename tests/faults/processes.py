"""The real processes of a run, and how they are killed: an embedded PostgreSQL stays, as in life."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil

from tests.ports import free_port

STARTED_WITHIN_S: Final = 120.0
COMMAND_WITHIN_S: Final = 120.0
STOPPED_WITHIN_S: Final = 30.0
LOOK_EVERY_S: Final = 0.05


class DidNotStart(Exception):
    """A process that the run needs ended or stayed silent."""


@dataclass
class Program:
    """One process and its successors; what they say is in one file."""

    words: tuple[str, ...]
    log: Path
    ready: bytes  # what the log says once it is at work
    process: asyncio.subprocess.Process | None = None
    kills: int = 0
    said_before: int = 0  # bytes

    async def start(self, environment: dict[str, str]) -> None:
        self.said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as told:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "caseway", *self.words),
                stdout=told,
                stderr=told,
                env=environment,
                start_new_session=True,
            )

    @property
    def is_at_work(self) -> bool:
        with self.log.open("rb") as told:
            told.seek(self.said_before)
            return self.ready in told.read()

    async def wait_until_at_work(self) -> None:
        until = time.monotonic() + STARTED_WITHIN_S
        while not self.is_at_work:
            assert self.process is not None
            if time.monotonic() > until or self.process.returncode is not None:
                raise DidNotStart(f"{self.words}: {self.log.read_text()[-2000:]}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def kill(self, environment: dict[str, str]) -> None:
        """SIGKILL, and a successor at once."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        self.kills += 1
        await self.start(environment)

    async def stop(self) -> int:
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPPED_WITHIN_S):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


@dataclass
class Installation:
    folder: Path
    port: int
    serving: Program
    workers: list[Program]
    sandbox: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    webhook_url: str = ""
    signing_secrets: dict[str, str] = field(default_factory=dict)  # by channel

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: text for name, text in os.environ.items() if not name.startswith("CASEWAY_")}
        return {
            **clean,
            "CASEWAY_DATA": str(self.folder / "data"),
            "CASEWAY_CONFIG": str(self.folder / "config"),
            "CASEWAY_PORT": str(self.port),
            "CASEWAY_ALLOWED_NETWORKS": "127.0.0.0/8",
            "CASEWAY_LOG_FORMAT": "json",
        }

    @property
    def at_desk(self) -> dict[str, str]:
        """How an agent signs in at the sandbox's desk."""
        known = aiohttp.encode_basic_auth(self.sandbox["user"], self.sandbox["password"])
        return {"Authorization": known}

    @property
    def programs(self) -> list[Program]:
        return [self.serving, *self.workers]

    async def command(self, *words: str, stdin: str = "") -> str:
        """What it printed. Raises `DidNotStart` where it fails."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "caseway", *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
        )
        async with asyncio.timeout(COMMAND_WITHIN_S):
            out, err = await child.communicate(stdin.encode())
        if child.returncode:
            raise DidNotStart(f"caseway {' '.join(words)}: {err.decode()}")
        return out.decode()

    def bugs(self) -> list[str]:
        """What no weather excuses, with how often it was said: tracebacks, and errors of ours."""
        found: Counter[str] = Counter()
        for program in self.programs:
            for line in program.log.read_text(errors="replace").splitlines():
                if said := _bug(line):
                    found[f"{program.log.stem}: {said}"] += 1
        return [f"{said} ({times} times)" for said, times in found.most_common()]


def _bug(line: str) -> str:
    """Empty: it is none."""
    if not line.startswith("{"):
        return line if line.startswith("Traceback") else ""
    said = json.loads(line)
    if said["level"] not in {"error", "critical"}:
        return ""
    last = said.get("exception", "").strip().rpartition("\n")[2]
    return f"{said['event']}: {last}"


@asynccontextmanager
async def installed(
    workers: int, callbacks: str, options: Sequence[str]
) -> AsyncIterator[Installation]:
    """Configured and at work; `options` are those of `connection add`. Nothing is left of it.

    With no workers `serve` does their work as well.
    """
    folder = Path(tempfile.mkdtemp(prefix="caseway-faults-"))
    folder.chmod(0o711)  # PostgreSQL may run as nobody and has to walk here
    (folder / "config").mkdir()
    serve = ("serve", "--no-worker") if workers else ("serve",)
    made = Installation(
        folder,
        free_port(),
        Program(serve, folder / "serve.log", b"Caseway answers at"),
        [
            Program(("worker",), folder / f"worker-{n}.log", b"worker.started")
            for n in range(workers)
        ],
    )
    sandbox = None
    try:
        await made.serving.start(made.environment)  # the commands find its PostgreSQL running
        sandbox = await _sandbox(made)
        await made.serving.wait_until_at_work()
        await _configure(made, callbacks, options)
        yield made
    finally:
        for program in made.programs:
            if program.process is not None:
                await program.stop()
        if sandbox is not None:
            sandbox.terminate()
            await sandbox.wait()
        _end_what_is_left(folder)
        shutil.rmtree(folder, ignore_errors=True)


async def _sandbox(made: Installation) -> asyncio.subprocess.Process:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "caseway", "sandbox", "--json"),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    async with asyncio.timeout(STARTED_WITHIN_S):
        made.sandbox = json.loads(await child.stdout.readline())
    return child


async def _configure(made: Installation, callbacks: str, options: Sequence[str]) -> None:
    for worker in made.workers:
        await worker.start(made.environment)
    added = await made.command(
        *("connection", "add", "--name", "north", "--url", made.sandbox["url"], "--json"),
        *("--client-id", made.sandbox["client_id"], "--client-secret-file", "-", *options),
        stdin=made.sandbox["client_secret"],
    )
    made.webhook_url = json.loads(added)["webhook_url"]
    add = ("channel", "add", "api", "--json", "--name")
    plain, bare, key = await asyncio.gather(
        made.command(*add, "plain", "--callback-url", f"{callbacks}/plain"),
        made.command(*add, "bare", "--callback-url", f"{callbacks}/bare", "--receiver-may-repeat"),
        made.command("key", "create", "faults", "--json"),
    )
    made.key = json.loads(key)["key"]
    made.signing_secrets = {
        "plain": json.loads(plain)["signing_secret"],
        "bare": json.loads(bare)["signing_secret"],
    }
    async with (
        aiohttp.ClientSession(headers=made.at_desk) as session,
        session.put(
            f"{made.sandbox['url']}/sandbox/webhook", json={"url": made.webhook_url}
        ) as answer,
    ):
        answer.raise_for_status()
    for worker in made.workers:
        await worker.wait_until_at_work()


def _end_what_is_left(folder: Path) -> None:
    """An embedded PostgreSQL whose last user was killed."""
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or ()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
