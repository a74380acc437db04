"""How an administrator sets up Creatio so that it calls us, in the words of Creatio's own screens.

The page, docs/how-to/connect-creatio.md and the check of the process library say the same: the
page is drawn from here, and a test compares the other two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WEBHOOK_URL: Final = "{webhook_url}"  # stands for the connection's own
OUR_USER: Final = "{our_user}"
NEW_ACTIVITY: Final = "new_activity"
CASE_CLOSED: Final = "case_closed"
CASE_UPDATED: Final = "case_updated"
NEW_REPLY_TITLE: Final = "Caseway: new reply"
CASE_CLOSED_TITLE: Final = "Caseway: case closed"
TITLES: Final = {NEW_ACTIVITY: NEW_REPLY_TITLE, CASE_CLOSED: CASE_CLOSED_TITLE}


@dataclass(frozen=True, slots=True)
class Value:
    """A field of Creatio's and what goes into it."""

    field: str
    value: str
    note: str = ""
    is_picked: bool = False  # chosen in Creatio, so there is nothing to copy


@dataclass(frozen=True, slots=True)
class Step:
    """`where` is the way to a screen, `does` one sentence, `why` a word for whoever wonders."""

    does: str
    where: str = ""
    why: str = ""
    values: Sequence[Value] = ()
    body: str = ""  # text to copy as a whole


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    draws: Sequence[str]  # the elements of the process, in order; empty: none is drawn
    steps: Sequence[Step]
    event_type: str = ""  # whose light turns green at the end


def _body(event_type: str) -> str:
    return f'{{\n  "event_type": "{event_type}",\n  "caseId": "[#Case.Id#]"\n}}'


WEB_SERVICE: Final = Part(
    title="The web service",
    draws=(),
    steps=(
        Step(
            where="System designer → Web services → Add → REST service",
            does="Register Caseway as a web service.",
            values=(
                Value("Name", "Caseway"),
                Value("Web service URI", WEBHOOK_URL, "a secret: it holds the token"),
                Value("Retries on call failure", "3"),
            ),
        ),
        Step(
            does="Add a method with two parameters in its body.",
            values=(
                Value("Name", "Send event"),
                Value("Request type", "POST", is_picked=True),
                Value("Content type", "application/json", is_picked=True),
                Value("Response timeout, ms", "5000"),
                Value("Body parameter", "event_type", "of type Text"),
                Value("Body parameter", "caseId", "of type Text"),
            ),
        ),
    ),
)
NEW_REPLY: Final = Part(
    title="First process: an agent replies",
    draws=("Signal", "Read data", "Call web service", "Terminate"),
    event_type=NEW_ACTIVITY,
    steps=(
        Step(
            where="System designer → Process library → Add process",
            does="Name it so that you find it again.",
            values=(Value("Title", NEW_REPLY_TITLE),),
        ),
        Step(
            does="Begin with a Signal: an activity was added to a case.",
            values=(
                Value("Which type of signal", "Object signal", is_picked=True),
                Value("Object", "Activity", is_picked=True),
                Value("Which event", "Record added", is_picked=True),
                Value("Filter", "Type = Task, Email", is_picked=True),
                Value("Filter", "Case is filled in", is_picked=True),
            ),
            why="Emails that are saved as a draft and sent later are not added then: give the"
            " process a second Signal, Record modified, for Type = Email with Email send status"
            " = Sent.",
        ),
        Step(
            does="Add Read data, so that the process knows the activity's case.",
            values=(
                Value("Which object", "Activity", is_picked=True),
                Value("Filter", "Id = the signal's record id", is_picked=True),
            ),
        ),
        Step(
            does="Add Call web service.",
            values=(
                Value("Service", "Caseway", is_picked=True),
                Value("Method", "Send event", is_picked=True),
                Value("event_type", NEW_ACTIVITY),
                Value("caseId", "the read activity's Case", is_picked=True),
            ),
        ),
        Step(
            does="Save, and set the process Active.",
            why="Give every gateway a default flow, or instances stay Running for ever.",
        ),
        Step(does="Try it: answer any case that Caseway opened. The light turns green."),
    ),
)
CLOSURE: Final = Part(
    title="Second process: a case is closed",
    draws=("Signal", "Call web service", "Terminate"),
    event_type=CASE_CLOSED,
    steps=(
        Step(
            where="System designer → Process library → Add process",
            does="Name it so that you find it again.",
            values=(Value("Title", CASE_CLOSED_TITLE),),
        ),
        Step(
            does="Begin with a Signal: a case's status has changed.",
            values=(
                Value("Which type of signal", "Object signal", is_picked=True),
                Value("Object", "Case", is_picked=True),
                Value("Which event", "Record modified", is_picked=True),
                Value("Expected changes", "Status", is_picked=True),
                Value(
                    "Filter",
                    "Status = Resolved",
                    "and whichever others end a case for you",
                    is_picked=True,
                ),
            ),
        ),
        Step(
            does="Add Call web service.",
            values=(
                Value("Service", "Caseway", is_picked=True),
                Value("Method", "Send event", is_picked=True),
                Value("event_type", CASE_CLOSED),
                Value("caseId", "the signal's record id", is_picked=True),
            ),
        ),
        Step(
            does="Save, and set the process Active.",
            why="Give every gateway a default flow, or instances stay Running for ever.",
        ),
        Step(does="Try it: resolve any case that Caseway opened. The light turns green."),
    ),
)
YOUR_CREATIO: Final = (WEB_SERVICE, NEW_REPLY, CLOSURE)
SHORT_FORM: Final = tuple(
    Part(
        title=part.title,
        draws=("Signal", "Call web service", "Terminate"),
        event_type=part.event_type,
        steps=(
            *part.steps[:2],
            Step(
                does="Add Call web service, and type this into the element.",
                values=(
                    Value("URL", WEBHOOK_URL, "a secret: it holds the token"),
                    Value("Method", "POST", is_picked=True),
                    Value("Content type", "application/json"),
                ),
                body=_body(part.event_type),
                why="[#Case.Id#] stands for the process parameter: pick it from Creatio's list."
                " If it arrives as text, Caseway refuses the call with 400 and says that the"
                " parameter is not linked.",
            ),
            *part.steps[-2:],
        ),
    )
    for part in (NEW_REPLY, CLOSURE)
)
EXCEPT_US: Final = Value(
    "Filter",
    f"Created by is not {OUR_USER}",
    "if Caseway's user in Creatio is not a person: it halves calls and process runs, and without"
    " it everything still works",
    is_picked=True,
)
