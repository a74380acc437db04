"""Goes through one run of a process, element by element. Values are read when they are reached."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, assert_never

from creatio_sandbox import ids
from creatio_sandbox.calling import Line, Outgoing, succeeded
from creatio_sandbox.clock import stamp
from creatio_sandbox.elements import (
    START,
    CallWebService,
    Condition,
    Element,
    ExclusiveGateway,
    ReadData,
    Source,
    Terminate,
    kind_of,
)
from creatio_sandbox.offers import OUTCOMES, caption
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Records, Row
from creatio_sandbox.runs import Run, RunLog, Step
from creatio_sandbox.services import ServiceBook, request_of
from creatio_sandbox.shortform import WebServiceCall, body_of, said
from creatio_sandbox.values import EMPTY_TIME, SHOWN

EMPTY_VALUES: Final = ("", "None", ids.EMPTY, EMPTY_TIME)


class Onward(Enum):
    GOES_ON = "goes on"
    ENDED = "ended"
    FAILED = "failed"
    WAITS = "waits"


class Unfit(Exception):
    """The element cannot be executed as it is set up."""


def request_of_short(call: WebServiceCall, body: bytes) -> Outgoing:
    headers = {"Content-Type": call.content_type, **call.headers}
    return Outgoing(call.method, call.url, headers, body, call.timeout_ms, call.retries)


@dataclass(slots=True)
class Walk:
    process: Process
    run: Run
    signalled: Mapping[str, Any]  # the record as it was when the signal fired
    records: Records
    services: ServiceBook
    line: Line
    log: RunLog
    body: bytes | None = None  # of a process of one call, as it was when the signal fired
    repeats: int = 1  # a fault of the weather: each call is made so many times
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)

    async def go(self) -> None:
        """Ends with the run's status set; the caller keeps it."""
        self.results[START] = {"Id": self.run.record}
        self.named["Signal.Record id"] = self.run.record
        elements = self.process.elements
        if not elements and self.process.call is not None:
            elements = [CallWebService("call", "Call web service", short=self.process.call)]
        onward = await self._through(elements)
        match onward:
            case Onward.GOES_ON | Onward.ENDED:
                self.run.status = "Completed"
            case Onward.FAILED:
                self.run.status = "Error"
            case Onward.WAITS:
                self.run.status = "Running"
            case unknown:
                assert_never(unknown)

    async def _through(self, elements: Sequence[Element]) -> Onward:
        for element in elements:
            step = Step(
                element.id, element.title, kind_of(element), started=stamp(self.records.clock.now())
            )
            self.run.steps = [*self.run.steps, step]
            began = time.perf_counter()
            try:
                onward, flow = await self._take(element, step)
            except Unfit as failure:
                step.note = self.run.error = str(failure)
                onward, flow = Onward.FAILED, None
            step.duration_ms = round((time.perf_counter() - began) * 1000, 1)
            step.status = {Onward.FAILED: "Error", Onward.WAITS: "Running"}.get(  # type: ignore[assignment]  # three of the four words
                onward, "Completed"
            )
            if flow is not None:
                return await self._through(flow)
            if onward is not Onward.GOES_ON:
                return onward
        return Onward.GOES_ON

    async def _take(self, element: Element, step: Step) -> tuple[Onward, Sequence[Element] | None]:
        match element:
            case ReadData():
                self._read(element, step)
                return Onward.GOES_ON, None
            case CallWebService():
                return await self.call(element, step), None
            case ExclusiveGateway():
                return self._choose(element, step)
            case Terminate():
                return Onward.ENDED, None
            case unknown:
                assert_never(unknown)

    # --- read data ------------------------------------------------------------------------

    def _read(self, element: ReadData, step: Step) -> None:
        known = self.records.known.get(element.entity)
        if known is None:
            raise Unfit("The element does not say which object to read.")
        key = said(self._value(element.by)).lower()
        row = self.records.row(element.entity, key) if key else None
        step.note = (
            f"Read {element.entity} {key}." if row else f"Found no {element.entity} “{key}”."
        )
        names = element.columns or list(known.columns)
        shown = {
            name: SHOWN[known.columns[name].kind](row[name]) if row else ""
            for name in names
            if name in known.columns
        }
        self.results[element.id] = shown
        for name, value in shown.items():
            self.named[f"{element.title}.First item.{name}"] = value
            self.named[f"{element.title}.First item.{caption(name)}"] = value

    # --- call web service -----------------------------------------------------------------

    async def call(self, element: CallWebService, step: Step) -> Onward:
        request = self._request(element)
        step.url, step.headers = f"{request.method} {request.url}", dict(request.headers)
        step.request = request.body.decode("utf-8", "replace")
        if not self.run.url:
            self.run.url, self.run.request = request.url, step.request
        self.log.keep(self.run)
        for _ in range(self.repeats):
            async for attempt in self.line.attempts(request):
                attempt.element = element.id
                self.run.attempts = [*self.run.attempts, attempt]
        last = self.run.attempts[-1]
        outcome = {
            "Success": succeeded(last),
            "StatusCode": last.status or 0,
            "Response": last.answer,
        }
        self.results[element.id] = outcome
        for name, value in outcome.items():
            self.named[f"{element.title}.{OUTCOMES[name]}"] = value
        if succeeded(last):
            step.note = f"Success = yes, answered {last.status}."
            return Onward.GOES_ON
        step.failed = True
        why = last.error or f"The web service answered {last.status}."
        step.note = f"Success = no. {why}"
        if self.process.failed_call_ends:
            self.run.error = why
            return Onward.FAILED
        return Onward.GOES_ON

    def _request(self, element: CallWebService) -> Outgoing:
        if element.short is not None:
            entity = self.process.object
            row: Row | Mapping[str, Any] = (
                self.records.row(entity, self.run.record) or self.signalled
            )
            body = self.body
            if body is None:
                body = body_of(element.short, entity, self.records, row, self.named)
            return request_of_short(element.short, body)
        service = self.services.one(element.service)
        if service is None:
            raise Unfit(f"There is no web service '{element.service}'.")
        method = service.method(element.method)
        if method is None:
            raise Unfit(f"The web service {service.name} has no method '{element.method}'.")
        values = {
            name: self._value(source)
            for name, source in element.parameters.items()
            if source.is_set
        }
        return request_of(service, method, values)

    # --- gateway --------------------------------------------------------------------------

    def _choose(
        self, element: ExclusiveGateway, step: Step
    ) -> tuple[Onward, Sequence[Element] | None]:
        """The first flow whose condition holds; else the default one; else it waits for ever."""
        for flow in element.flows:
            if not flow.default and self._holds(flow.condition):
                step.note = f"Took the flow “{flow.title}”."
                return Onward.GOES_ON, flow.elements
        default = next((flow for flow in element.flows if flow.default), None)
        if default is not None:
            step.note = f"Took the default flow “{default.title}”."
            return Onward.GOES_ON, default.elements
        step.note = self.run.waits = (
            f"No condition of “{element.title}” holds and it has no default flow: "
            "the process stays Running for ever."
        )
        return Onward.WAITS, None

    def _holds(self, condition: Condition) -> bool:
        if not condition.left.is_set:
            return False
        value = said(self._value(condition.left)).casefold()
        wanted = condition.value.strip().casefold()
        match condition.operator:
            case "eq":
                return value == wanted
            case "ne":
                return value != wanted
            case "filled":
                return value not in EMPTY_VALUES
            case "empty":
                return value in EMPTY_VALUES
            case "gt" | "lt":
                try:
                    left, right = float(value), float(wanted)
                except ValueError:
                    return False
                return left > right if condition.operator == "gt" else left < right

    def _value(self, source: Source) -> Any:
        if not source.element:
            return source.value
        return self.results.get(source.element, {}).get(source.column)
