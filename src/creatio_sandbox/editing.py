"""Changes to a drawing: add after the chosen one, move, remove. Drawings are edited in place."""

from typing import Final

from creatio_sandbox.elements import (
    KINDS,
    START,
    CallWebService,
    Condition,
    Element,
    ExclusiveGateway,
    Flow,
    ReadData,
    Source,
    Terminate,
    all_elements,
    all_flows,
    before,
)
from creatio_sandbox.processes import Process

Spot = tuple[list[Element], int]
NAMED_ALONE: Final = {"terminate": "Terminate", "exclusive_gateway": "Exclusive gateway"}


def spot_of(elements: list[Element], id: str) -> Spot | None:
    """The list that holds the element, and where."""
    for index, element in enumerate(elements):
        if element.id == id:
            return elements, index
        if isinstance(element, ExclusiveGateway):
            for flow in element.flows:
                if (found := spot_of(flow.elements, id)) is not None:
                    return found
    return None


def element_of(process: Process, id: str) -> Element | None:
    spot = spot_of(process.elements, id)
    return None if spot is None else spot[0][spot[1]]


def flow_of(process: Process, id: str) -> Flow | None:
    return next((flow for flow in all_flows(process.elements) if flow.id == id), None)


def gateway_of(process: Process, flow: Flow) -> ExclusiveGateway:
    return next(
        element
        for element in all_elements(process.elements)
        if isinstance(element, ExclusiveGateway) and flow in element.flows
    )


def add_after(process: Process, chosen: str, kind: str) -> str:
    """The new element's id. After an end nothing follows, so it goes before that."""
    here, at = _place(process, chosen)
    element = _fresh(process, kind)
    if isinstance(element, Terminate):
        del here[at:]  # what followed would never be reached
    if isinstance(element, ExclusiveGateway):
        _open(process, element, here[at:])
        del here[at:]
    here.insert(at, element)
    return element.id


def _place(process: Process, chosen: str) -> Spot:
    if chosen == START:
        return process.elements, 0
    if (flow := flow_of(process, chosen)) is not None:
        return flow.elements, 0
    here, at = spot_of(process.elements, chosen) or (process.elements, len(process.elements))
    if at >= len(here):
        return here, at
    match here[at]:
        case ExclusiveGateway(flows=flows) if flows:
            return flows[0].elements, 0
        case Terminate() | ExclusiveGateway():
            return here, at
        case _:
            return here, at + 1


def _fresh(process: Process, kind: str) -> Element:
    alike = sum(element.title.startswith(KINDS[kind]) for element in all_elements(process.elements))
    title = NAMED_ALONE.get(kind, f"{KINDS[kind]} {alike + 1}")
    id = _next_id(process)  # noqa: A001
    match kind:
        case "read_data":
            return ReadData(id, title, process.object, Source(element=START, column="Id"))
        case "call_web_service":
            return CallWebService(id, title)
        case "exclusive_gateway":
            return ExclusiveGateway(id, title)
        case _:
            return Terminate(id, title)


def _open(process: Process, gateway: ExclusiveGateway, rest: list[Element]) -> None:
    """Two flows: what followed goes on along the first, the default one ends."""
    number = int(gateway.id[1:])
    called = next(
        (
            e
            for e in reversed(list(all_elements(process.elements)))
            if isinstance(e, CallWebService)
        ),
        None,
    )
    left = Source(element=called.id, column="Success") if called else Source()
    condition = Condition(left, "eq", "true" if called else "")
    gateway.flows = [
        Flow(
            id=f"e{number + 1}",
            title="Answered" if called else "Condition 1",
            condition=condition,
            elements=rest or [Terminate(f"e{number + 2}", "Terminate")],
        ),
        Flow(
            id=f"e{number + 3}",
            title="Otherwise",
            default=True,
            elements=[Terminate(f"e{number + 4}", "Terminate")],
        ),
    ]


def add_flow(process: Process, gateway: ExclusiveGateway, *, default: bool) -> str:
    number = int(_next_id(process)[1:])
    flow = Flow(
        id=f"e{number}",
        title="Otherwise" if default else f"Condition {len(gateway.flows) + 1}",
        default=default,
        elements=[Terminate(f"e{number + 1}", "Terminate")],
    )
    # Asked in their order, so the default one stands last.
    last = len(gateway.flows) - any(each.default for each in gateway.flows)
    gateway.flows.insert(len(gateway.flows) if default else last, flow)
    return flow.id


def make_default(gateway: ExclusiveGateway, flow: Flow) -> None:
    for each in gateway.flows:
        each.default = each is flow
    gateway.flows.sort(key=lambda each: each.default)


def move(process: Process, id: str, by: int) -> None:
    """Past its neighbour. An end and what divides the flow stay last."""
    spot = spot_of(process.elements, id)
    if spot is None:
        return
    here, at = spot
    to = at + by
    if not 0 <= to < len(here):
        return
    if any(isinstance(here[each], Terminate | ExclusiveGateway) for each in (at, to)):
        return
    here[at], here[to] = here[to], here[at]


def remove(process: Process, id: str) -> str:
    """What is chosen next. Of a gateway its first flow remains; of a flow nothing does."""
    flow = flow_of(process, id)
    if flow is not None:
        gateway = gateway_of(process, flow)
        gateway.flows.remove(flow)
        return gateway.id
    spot = spot_of(process.elements, id)
    if spot is None:
        return START
    passed = before(process.elements, id) or []
    here, at = spot
    gone = here[at]
    here[at : at + 1] = (
        gone.flows[0].elements if isinstance(gone, ExclusiveGateway) and gone.flows else []
    )
    return passed[-1].id if passed else START


def _next_id(process: Process) -> str:
    used = [element.id for element in all_elements(process.elements)]
    used += [flow.id for flow in all_flows(process.elements)]
    return f"e{max([int(each[1:]) for each in used if each[1:].isdigit()], default=0) + 1}"
