"""What is wrong with a drawing, in plain words, each with what mends it where that is possible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from creatio_sandbox.editing import add_flow, make_default, remove
from creatio_sandbox.elements import (
    START,
    CallWebService,
    Element,
    ExclusiveGateway,
    ReadData,
    Source,
    Terminate,
    all_elements,
)
from creatio_sandbox.offers import Offer, caption, column_at, path_caption, results_before
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Records
from creatio_sandbox.services import ServiceBook
from creatio_sandbox.shortform import MARK, UNLINKED, WebServiceCall, marked
from creatio_sandbox.signals import FilterRow


@dataclass(frozen=True, slots=True)
class Problem:
    element: str
    text: str
    button: str = ""
    mend: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Examiner:
    process: Process
    records: Records
    services: ServiceBook

    def all(self) -> list[Problem]:
        found = [*self._title(), *self._signal()]
        for element in all_elements(self.process.elements):
            found += self._of(element)
        if all(isinstance(each, Terminate) for each in self.process.elements):
            found.append(Problem(START, "Nothing happens after the signal. Add an element."))
        return found

    def _title(self) -> Iterator[Problem]:
        if not self.process.name.strip():
            yield Problem("title", "The process has no title yet. Type one at the top.")

    # --- the signal -----------------------------------------------------------------------

    def _signal(self) -> Iterator[Problem]:
        process = self.process
        if not process.events:
            yield Problem(
                START,
                "The signal waits for no event.",
                "Choose “Record added”",
                lambda: process.events.append("added"),
            )
        if process.object == "Activity" and not any(self._asks_for_case(process.filters)):
            yield Problem(
                START,
                "The signal also fires for activities without a case. "
                "Add the filter row “Case is filled in”.",
                "Add this row",
                lambda: process.filters.append(FilterRow("CaseId", "filled")),
            )
        if "modified" in process.events and not process.columns:
            likely = "StatusId" if process.object == "Case" else "EmailSendStatusId"
            yield Problem(
                START,
                f"Every save of a record starts this process. Expect a change of certain columns, "
                f"for example {caption(likely)}.",
                f"Expect a change of {caption(likely)}",
                lambda: process.columns.append(likely),
            )
        for row in process.filters:
            yield from self._row(row)

    def _asks_for_case(self, rows: list[FilterRow]) -> Iterator[bool]:
        for row in rows:
            names_case = row.column == "CaseId" or row.column.startswith("Case/")
            yield names_case and row.operator != "empty"

    def _row(self, row: FilterRow) -> Iterator[Problem]:
        for each in row.any:
            yield from self._row(each)
        if row.any:
            return
        words = path_caption(row.column)
        if column_at(self.records, self.process.object, row.column) is None:
            yield Problem(START, f"{self.process.object} has no column “{words}”.")
        elif row.operator in {"eq", "ne", "contains"} and row.value in ([], None, ""):
            yield Problem(START, f"The filter row “{words}” has no value yet.")

    # --- elements -------------------------------------------------------------------------

    def _of(self, element: Element) -> Iterator[Problem]:
        match element:
            case ReadData():
                yield from self._read(element)
            case CallWebService():
                if element.short is not None:
                    yield from self._short(element, element.short)
                else:
                    yield from self._call(element)
            case ExclusiveGateway():
                yield from self._gateway(element)
            case Terminate():
                return

    def _read(self, element: ReadData) -> Iterator[Problem]:
        title = element.title
        if element.entity not in self.records.known:
            yield Problem(element.id, f"“{title}” does not say which object to read.")
            return
        if not element.by.is_set:
            yield Problem(
                element.id,
                f"“{title}” does not say which record to read.",
                "Read the signal's record",
                lambda: setattr(element, "by", Source(element=START, column="Id")),
            )
        else:
            yield from self._source(element.by, element.id, f"“{title}”")

    def _call(self, element: CallWebService) -> Iterator[Problem]:
        title = element.title
        service = self.services.one(element.service) if element.service else None
        if service is None:
            said = f"there is no “{element.service}” any more" if element.service else "none chosen"
            known = self.services.all()
            first = known[0] if known else None
            yield Problem(
                element.id,
                f"“{title}” calls no web service: {said}."
                + ("" if first else " Register one under Web services, or take the short form."),
                f"Call {first.name}" if first else "",
                (lambda: setattr(element, "service", first.code)) if first else None,
            )
            return
        method = service.method(element.method)
        if method is None:
            first_method = service.methods[0] if service.methods else None
            yield Problem(
                element.id,
                f"“{title}” names no method of {service.name}."
                + ("" if first_method else " It has none yet: add one under Web services."),
                f"Call {first_method.code}" if first_method else "",
                (lambda: setattr(element, "method", first_method.code)) if first_method else None,
            )
            return
        offers = results_before(self.process, self.records, element.id)
        for parameter in method.parameters:
            source = element.parameters.get(parameter.code, Source())
            if source.is_set:
                yield from self._source(source, element.id, f"“{title}”: {parameter.code}")
            elif not parameter.default:
                fitting = self._fitting(parameter.code, offers)
                yield Problem(
                    element.id,
                    f"“{title}” sends nothing as {parameter.code}: it has no value.",
                    f"Use [#{fitting.label}#]" if fitting else "",
                    _putting(element, parameter.code, fitting.source) if fitting else None,
                )

    def _fitting(self, code: str, offers: list[Offer]) -> Offer | None:
        """The latest result of that name; a case's own id where the signal is the case's."""
        wanted = code.casefold()
        by_name = [o for o in offers if o.source.column.casefold() in {wanted, f"{wanted}id"}]
        if by_name:
            return by_name[-1]
        return offers[0] if wanted == f"{self.process.object}id".casefold() else None

    def _source(self, source: Source, id: str, who: str) -> Iterator[Problem]:
        """A value must come from something that ran before, and that reads this column."""
        if not source.element:
            return
        offers = results_before(self.process, self.records, id)
        if any(offer.source == source for offer in offers):
            return
        read = next(
            (
                each
                for each in all_elements(self.process.elements)
                if isinstance(each, ReadData) and each.id == source.element
            ),
            None,
        )
        if read is not None and any(offer.source.element == read.id for offer in offers):
            yield Problem(
                id,
                f"{who} takes {caption(source.column)} from “{read.title}”, "
                "which does not read it.",
                "Read this column too",
                lambda: read.columns.append(source.column),
            )
        else:
            yield Problem(id, f"{who} takes a value from an element that does not run before it.")

    def _short(self, element: CallWebService, call: WebServiceCall) -> Iterator[Problem]:
        title = element.title
        if not call.url.startswith(("http://", "https://")):
            yield Problem(element.id, f"“{title}”: the URL begins with http:// or https://.")
        body = call.body or ""
        if "json" in call.content_type and body.strip():
            try:
                msgspec.json.decode(MARK.sub("", body))
            except msgspec.DecodeError:
                yield Problem(
                    element.id,
                    f"“{title}”: the body is not JSON. Look for a missing quote, comma or brace.",
                )
        offered = results_before(self.process, self.records, element.id)
        known = {offer.label for offer in offered}
        known |= {f"{o.group}.First item.{o.source.column}" for o in offered}
        for mark in dict.fromkeys(name.strip() for name in MARK.findall(body)):
            if mark in known:
                continue
            if marked(mark, self.process.object, self.records, {}) is UNLINKED:
                yield Problem(
                    element.id,
                    f"“{title}”: [#{mark}#] names nothing here and will be sent as it is typed.",
                )

    def _gateway(self, element: ExclusiveGateway) -> Iterator[Problem]:
        title = element.title
        default = next((flow for flow in element.flows if flow.default), None)
        if default is None:
            bare = [flow for flow in element.flows if not flow.condition.left.is_set]
            text = (
                f"“{title}” has no default flow. Where no condition holds, "
                "the process stays Running for ever."
            )
            if bare:
                make = bare[-1]
                yield Problem(
                    element.id,
                    text,
                    f"Make “{make.title}” the default",
                    lambda: make_default(element, make),
                )
            else:
                yield Problem(
                    element.id,
                    text,
                    "Add a default flow",
                    lambda: add_flow(self.process, element, default=True),
                )
        for flow in element.flows:
            if flow.default:
                continue
            if not flow.condition.left.is_set:
                yield Problem(
                    flow.id,
                    f"The flow “{flow.title}” of “{title}” has no condition, so it is never taken.",
                    "Remove it",
                    _removing(self.process, flow.id),
                )
            else:
                yield from self._source(flow.condition.left, flow.id, f"The flow “{flow.title}”")


def _removing(process: Process, id: str) -> Callable[[], object]:
    return lambda: remove(process, id)


def _putting(element: CallWebService, code: str, source: Source) -> Callable[[], object]:
    return lambda: element.parameters.__setitem__(code, source)
