"""Runs business processes: after the save's commit, side by side, in no promised order."""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from creatio_sandbox.clock import stamp
from creatio_sandbox.faults import Weather
from creatio_sandbox.processes import Library, Process, body_of, case_of, is_signalled
from creatio_sandbox.records import Change, Records
from creatio_sandbox.runs import Attempt, Run, RunLog

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv6Network("::1/128"),
)
AT_ONCE: Final = 32
ANSWER_KEPT_BYTES: Final = 4096


class Forbidden(OSError):
    """The address lies outside the networks that processes may call."""


@dataclass(slots=True)
class Guard(AbstractResolver):
    """Looks at every resolved address, so that a name cannot lead elsewhere."""

    networks: Sequence[Network]

    def check(self, address: str) -> None:
        known = ipaddress.ip_address(address)
        if not any(known in network for network in self.networks):
            allowed = ", ".join(str(network) for network in self.networks)
            raise Forbidden(
                f"{address} is outside the networks that processes may call ({allowed}). "
                "Start the sandbox with --allow-webhooks-to to widen them."
            )

    def check_url(self, url: str) -> None:
        """Literal addresses are never resolved, so they are looked at here."""
        host = urlsplit(url).hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        self.check(host)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await ThreadedResolver().resolve(host, port, family)
        for each in found:
            self.check(each["host"])
        return found

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Engine:
    records: Records
    library: Library
    log: RunLog
    weather: Weather
    guard: Guard
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _passed: asyncio.Event = field(default_factory=asyncio.Event)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)
    _http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self.log.close_interrupted()
        connector = aiohttp.TCPConnector(resolver=self.guard, limit=AT_ONCE)
        self._http = aiohttp.ClientSession(connector=connector, trust_env=False)
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.stop_all()
        await self._group.__aexit__(None, None, None)
        if self._http is not None:
            await self._http.close()

    def notice(self, changes: Sequence[Change]) -> None:
        """Listens to commits."""
        if not (processes := self.library.all()):
            return
        for change in changes:
            for process in processes:
                if is_signalled(process, change, self.records):
                    self._start(process, change)

    def stop_all(self) -> None:
        for task in self._under_way:
            task.cancel()

    async def idle(self) -> None:
        """Returns when no run is under way."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    def _start(self, process: Process, change: Change) -> None:
        run = Run(
            id=str(uuid4()),
            process_id=process.id,
            process=process.name,
            entity=change.entity,
            record=change.id,
            case=case_of(change.entity, change.row),
            status="Running",
            started=stamp(self.records.clock.now()),
            url=process.call.url,
            request=body_of(process, self.records, change.row).decode("utf-8", "replace"),
        )
        self.log.keep(run)
        task = self._group.create_task(self._run(process, run))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self, process: Process, run: Run) -> None:
        weather = self.weather
        if weather.drops_next() or weather.strikes("dropped"):
            run.status, run.error = "Error", "A fault of the sandbox dropped this call."
        else:
            wait = weather.faults.delayed_ms / 1000
            if weather.strikes("delayed"):
                await asyncio.sleep(wait)
            if weather.strikes("reordered"):
                await self._let_another_pass(wait)
            async with self._slots:
                for _ in range(2 if weather.strikes("doubled") else 1):
                    await self._call_with_retries(process, run)
            self._passed.set()
        run.completed = stamp(self.records.clock.now())
        self.log.keep(run)

    async def _let_another_pass(self, at_most: float) -> None:
        self._passed.clear()
        try:
            async with asyncio.timeout(at_most):
                await self._passed.wait()
        except TimeoutError:
            return  # nobody came

    async def _call_with_retries(self, process: Process, run: Run) -> None:
        for _ in range(1 + process.call.retries):
            attempt = await self._attempt(process, run.request.encode())
            run.attempts = [*run.attempts, attempt]
            if attempt.status is not None and attempt.status < 400:
                run.status, run.error = "Completed", ""
                return
        run.status = "Error"
        run.error = attempt.error or f"The web service answered {attempt.status}."

    async def _attempt(self, process: Process, body: bytes) -> Attempt:
        call = process.call
        started = time.perf_counter()
        attempt = Attempt(at=stamp(self.records.clock.now()), duration_ms=0)
        headers = {"Content-Type": call.content_type, **call.headers}
        try:
            self.guard.check_url(call.url)
            assert self._http is not None  # noqa: S101 (entered before any listener is told)
            async with (
                asyncio.timeout(call.timeout_ms / 1000),
                self._http.request(
                    call.method, call.url, data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                content = await answer.content.read(ANSWER_KEPT_BYTES)
                attempt.status = answer.status
                attempt.answer = content.decode("utf-8", "replace")
        except TimeoutError:
            attempt.error = f"No answer within {call.timeout_ms} ms."
        except aiohttp.ClientConnectorError as failure:
            attempt.error = f"Cannot connect to {failure.host}:{failure.port}: {failure.os_error}."
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            attempt.error = str(failure) or type(failure).__name__
        attempt.duration_ms = round((time.perf_counter() - started) * 1000, 1)
        return attempt
