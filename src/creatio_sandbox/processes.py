"""Business processes as an administrator draws them: a signal, and what follows it.

They are kept as rows; the two that a webhook needs can be made by one call.
"""

from typing import Any, Final, Literal

import msgspec

from creatio_sandbox import ids
from creatio_sandbox.elements import CallWebService, Element, Terminate
from creatio_sandbox.shortform import Parameter, WebServiceCall, as_text
from creatio_sandbox.signals import Event, FilterRow

__all__ = ["FilterRow", "Parameter", "Process", "WebServiceCall"]

NEW_REPLY: Final = "5a4d0c10-0000-4000-8000-000000000040"
CASE_CLOSED: Final = "5a4d0c10-0000-4000-8000-000000000041"
NOT_DRAWN: Final = ("active", "version", "saved")


class Process(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    object: Literal["Activity", "Case"]
    events: list[Event]
    call: WebServiceCall | None = None  # the one call of a process without elements
    columns: list[str] = []  # of "modified": the changes expected; empty: any
    filters: list[FilterRow] = []
    active: bool = True
    id: str = ""
    elements: list[Element] = []
    failed_call_ends: bool = True  # with Error; otherwise Success is no and the flow goes on
    version: int = 1
    saved: str = ""  # when this version was saved

    @property
    def drawing(self) -> dict[str, Any]:
        """What makes a version: all but what a save adds by itself."""
        whole: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in whole.items() if name not in NOT_DRAWN}

    def drawn(self) -> "Process":
        """With its one call as an element, so that it can be edited."""
        if self.elements or self.call is None:
            return self
        short = as_text(self.call, self.object)
        elements: list[Element] = [
            CallWebService(id="e1", title="Call web service 1", short=short),
            Terminate(id="e2", title="Terminate"),
        ]
        return msgspec.structs.replace(self, call=None, elements=elements)


def fresh_process(id: str) -> Process:
    """As the designer opens it: a signal, an end, nothing between."""
    return Process(
        id=id,
        name="",
        object="Activity",
        events=["added"],
        elements=[Terminate(id="e1", title="Terminate")],
        failed_call_ends=False,
    )


def webhook_processes(url: str, *, not_created_by: str | None = None) -> tuple[Process, Process]:
    """The two processes that a receiver of `new_activity` and `case_closed` asks for."""

    def call(event: str, column: str) -> WebServiceCall:
        parameters = {"event_type": Parameter(value=event), "caseId": Parameter(column=column)}
        return WebServiceCall(url=url, parameters=parameters)

    def except_for(column: str) -> list[FilterRow]:
        return [FilterRow(column, "ne", not_created_by)] if not_created_by else []

    new_reply = Process(
        id=NEW_REPLY,
        name="Webhook: new activity on a case",
        object="Activity",
        events=["added", "modified"],
        columns=["DetailedResult", "Status", "EmailSendStatus"],
        filters=[
            FilterRow("TypeId", "eq", [ids.TASK, ids.EMAIL]),
            FilterRow("CaseId", "filled"),
            *except_for("CreatedById"),
        ],
        call=call("new_activity", "CaseId"),
    )
    case_closed = Process(
        id=CASE_CLOSED,
        name="Webhook: case resolved or closed",
        object="Case",
        events=["modified"],
        columns=["Status"],
        filters=[
            FilterRow(
                any=[
                    FilterRow("Status/IsResolved", "eq", 1),
                    FilterRow("Status/IsFinal", "eq", 1),
                ]
            ),
            *except_for("ModifiedById"),
        ],
        call=call("case_closed", "Id"),
    )
    return new_reply, case_closed
