"""Runs business processes: after the save's commit, side by side, in no promised order."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

from creatio_sandbox.calling import Line
from creatio_sandbox.clock import stamp
from creatio_sandbox.failures import Missing
from creatio_sandbox.faults import Weather
from creatio_sandbox.library import Library
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Change, Records
from creatio_sandbox.runs import Run, RunLog
from creatio_sandbox.services import ServiceBook
from creatio_sandbox.shortform import body_of
from creatio_sandbox.signals import case_of, is_signalled
from creatio_sandbox.walk import Walk


def _unheard() -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Engine:
    records: Records
    library: Library
    services: ServiceBook
    log: RunLog
    weather: Weather
    line: Line
    changed: Callable[[], None] = _unheard  # told when a run has ended
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _passed: asyncio.Event = field(default_factory=asyncio.Event)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)

    async def __aenter__(self) -> Self:
        self.log.close_interrupted()
        await self.line.__aenter__()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.stop_all()
        await self._group.__aexit__(None, None, None)
        await self.line.__aexit__(*failure)

    def notice(self, changes: Sequence[Change]) -> None:
        """Listens to commits."""
        if not (processes := self.library.all()):
            return
        for change in changes:
            for process in processes:
                if is_signalled(process, change, self.records):
                    self._start(process, change.entity, change.id, change.row)

    def run_by_hand(self, process: Process, record: str, *, by: str) -> Run:
        """As if the signal had named this record; its filter is not asked."""
        row = self.records.row(process.object, record.strip().lower())
        if row is None:
            raise Missing(f"{process.object} '{record.strip()}'")
        return self._start(process, process.object, str(row["Id"]), row, by=by)

    def cancel(self, run: Run, *, by: str) -> None:
        task = self._under_way.get(run.id)
        if task is not None:
            task.cancel()
        self.log.cancel(run, f"Canceled by {by}.")

    def stop_all(self) -> None:
        for task in self._under_way.values():
            task.cancel()

    async def idle(self) -> None:
        """Returns when no run is under way. One that waits for ever is not."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way.values()))

    def _start(
        self, process: Process, entity: str, record: str, row: Mapping[str, Any], *, by: str = ""
    ) -> Run:
        run = Run(
            id=str(uuid4()),
            process_id=process.id,
            process=process.name,
            entity=entity,
            record=record,
            case=case_of(entity, row),
            status="Running",
            started=stamp(self.records.clock.now()),
            version=process.version,
            by=by,
        )
        walk = Walk(process, run, row, self.records, self.services, self.line, self.log)
        if not process.elements and process.call is not None:
            # No element reads anything here: the values are those that the signal carried.
            walk.body = body_of(process.call, entity, self.records, row)
            run.url, run.request = process.call.url, walk.body.decode("utf-8", "replace")
        self.log.keep(run)
        task = self._group.create_task(self._run(walk))
        self._under_way[run.id] = task
        task.add_done_callback(lambda _: self._under_way.pop(run.id, None))
        return run

    async def _run(self, walk: Walk) -> None:
        weather, run = self.weather, walk.run
        if weather.drops_next() or weather.strikes("dropped"):
            run.status, run.error = "Error", "A fault of the sandbox dropped this call."
        else:
            wait = weather.faults.delayed_ms / 1000
            if weather.strikes("delayed"):
                await asyncio.sleep(wait)
            if weather.strikes("reordered"):
                await self._let_another_pass(wait)
            walk.repeats = 2 if weather.strikes("doubled") else 1
            await walk.go()
            self._passed.set()
        if not run.waits:
            run.completed = stamp(self.records.clock.now())
        self.log.keep(run)
        self.changed()

    async def _let_another_pass(self, at_most: float) -> None:
        self._passed.clear()
        try:
            async with asyncio.timeout(at_most):
                await self._passed.wait()
        except TimeoutError:
            return  # nobody came
