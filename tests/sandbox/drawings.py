"""Processes as the designer saves them, and the web service that they call."""

from creatio_sandbox import ids
from creatio_sandbox.elements import (
    START,
    CallWebService,
    Condition,
    Element,
    ExclusiveGateway,
    Flow,
    ReadData,
    Source,
    Terminate,
)
from creatio_sandbox.processes import FilterRow, Process
from creatio_sandbox.services import Method, RequestParameter, WebService
from creatio_sandbox.testing import Sandbox

RECORD = Source(element=START, column="Id")


def caseway(url: str, *, retries: int = 0, timeout_ms: int = 5000) -> WebService:
    parameters = [RequestParameter("event_type"), RequestParameter("caseId")]
    send = Method("SendEvent", timeout_ms=timeout_ms, parameters=parameters)
    return WebService("UsrCaseway", "Caseway", url, retries=retries, methods=[send])


def read(column: str = "CaseId", *, entity: str = "Activity") -> ReadData:
    return ReadData("e1", "Read data 1", entity, RECORD, [column])


def tell(event: str, case: Source, id: str = "e2") -> CallWebService:
    parameters = {"event_type": Source(value=event), "caseId": case}
    return CallWebService(id, f"Tell {event}", "UsrCaseway", "SendEvent", parameters)


def gateway(condition: Condition, then: list[Element], otherwise: list[Element] | None) -> Element:
    flows = [Flow("e11", "Then", condition=condition, elements=then)]
    if otherwise is not None:
        flows.append(Flow("e12", "Otherwise", default=True, elements=otherwise))
    return ExclusiveGateway("e10", "Answered?", flows)


def end() -> Terminate:
    return Terminate("e99", "Terminate")


def drawn(*elements: Element, **more: object) -> Process:
    """Signal: a task or an email of a case is added."""
    known: dict[str, object] = {
        "name": "Caseway: new reply",
        "object": "Activity",
        "events": ["added"],
        "filters": [
            FilterRow("TypeId", "eq", [ids.TASK, ids.EMAIL]),
            FilterRow("CaseId", "filled"),
        ],
        "failed_call_ends": False,
    }
    return Process(elements=list(elements), **(known | more))  # type: ignore[arg-type]  # a test's own words


def new_reply() -> Process:
    return drawn(read(), tell("new_activity", Source(element="e1", column="CaseId")), end())


def keep(sandbox: Sandbox, url: str, process: Process, *, retries: int = 0) -> Process:
    sandbox.keep_service(caseway(url, retries=retries))
    return sandbox.keep_process(process)
