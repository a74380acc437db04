"""What may follow a signal: read data, call a web service, choose a flow, terminate.

A drawing is a list in the order of its flow. Only a gateway divides it: each of its flows has a
list of its own and runs to its own end.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from creatio_sandbox.shortform import WebServiceCall

START: Final = "start"


class Source(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Where a value comes from: a constant, or a result of an element that ran before.

    The signal's result is `Id`; of a call: `Success`, `StatusCode`, `Response`; else a column.
    """

    value: str | None = None
    element: str = ""
    column: str = ""

    @property
    def is_set(self) -> bool:
        return bool(self.value or self.element)


class Drawn(msgspec.Struct, tag_field="kind", omit_defaults=True, forbid_unknown_fields=True):
    id: str
    title: str


class ReadData(Drawn, tag="read_data"):
    """The first record of an entity by its id."""

    entity: str = ""
    by: Source = msgspec.field(default_factory=Source)
    columns: list[str] = []  # none named: all


class CallWebService(Drawn, tag="call_web_service"):
    """A method of a registered service, or the short form."""

    service: str = ""  # by code
    method: str = ""
    parameters: dict[str, Source] = {}
    short: WebServiceCall | None = None


class Condition(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    left: Source = msgspec.field(default_factory=Source)
    operator: Literal["eq", "ne", "filled", "empty", "gt", "lt"] = "eq"
    value: str = ""


class Flow(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    title: str = ""
    default: bool = False
    condition: Condition = msgspec.field(default_factory=Condition)
    elements: "list[Element]" = []


class ExclusiveGateway(Drawn, tag="exclusive_gateway"):
    flows: list[Flow] = []


class Terminate(Drawn, tag="terminate"):
    pass


Element = ReadData | CallWebService | ExclusiveGateway | Terminate
KINDS: Final = {
    "read_data": "Read data",
    "call_web_service": "Call web service",
    "exclusive_gateway": "Exclusive gateway (OR)",
    "terminate": "Terminate",
}


def kind_of(element: Element) -> str:
    return str(element.__struct_config__.tag)


def all_elements(elements: Sequence[Element]) -> Iterator[Element]:
    """Each of them, also those behind gateways, in the order in which they are drawn."""
    for element in elements:
        yield element
        if isinstance(element, ExclusiveGateway):
            for flow in element.flows:
                yield from all_elements(flow.elements)


def all_flows(elements: Sequence[Element]) -> Iterator[Flow]:
    for element in all_elements(elements):
        if isinstance(element, ExclusiveGateway):
            yield from element.flows


def before(elements: Sequence[Element], id: str) -> list[Element] | None:
    """Those that have run when `id`, an element or a flow, is reached. None: it is not here."""
    passed: list[Element] = []
    for element in elements:
        if element.id == id:
            return passed
        passed.append(element)
        if isinstance(element, ExclusiveGateway):
            for flow in element.flows:
                inner = [] if flow.id == id else before(flow.elements, id)
                if inner is not None:
                    return passed + inner
    return None
