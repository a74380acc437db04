"""What Creatio's call says: bytes become one precise type here. Pure.

Lenient in what it takes (docs/reference/webhook.md lists it), exact in what it refuses: the
caller's log is the only place where an administrator sees the refusal.
"""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from caseway.domain.adoption import Outcome
from caseway.domain.ids import NOBODY, CaseId

EVENT_TYPES: Final = frozenset({"new_activity", "case_closed", "case_updated"})
KNOWN: Final = "new_activity, case_closed or case_updated"
GUID: Final = re.compile(
    r"[{(]?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})[)}]?",
    re.ASCII | re.IGNORECASE,
)
NO_CASE: Final = (
    "caseId is empty: the activity has no case, or the process parameter is not linked."
)
RESERVED: Final = "case_updated is acknowledged without action."


class Wire(msgspec.Struct):
    event_type: Any = msgspec.UNSET
    caseId: Any = msgspec.UNSET  # noqa: N815 - Creatio's spelling


@dataclass(frozen=True, slots=True)
class Notification:
    """`outcome` accepted: look for its conversation; `reason` says why it is another one."""

    type: str
    case: CaseId | None
    outcome: Outcome = Outcome.ACCEPTED
    reason: str = ""


_decode: Final = msgspec.json.Decoder(Wire).decode
_decode_text: Final = msgspec.json.Decoder(str).decode
# What a decoder raises for bytes from outside; nesting ends in a RecursionError.
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read(body: bytes) -> Notification:
    """Never raises: what cannot be understood is `Outcome.REJECTED` with the reason in words."""
    wire = _wire(body.removeprefix(BOM_UTF8))
    if isinstance(wire, str):
        return _rejected(wire)
    kind, case = wire.event_type, wire.caseId
    if kind is msgspec.UNSET:
        return _rejected(f"event_type is absent: expected {KNOWN}.")
    if not isinstance(kind, str):
        return _rejected(f"event_type is {_shape(kind)}: expected {KNOWN}, as a string.")
    kind = kind.strip().lower()
    if kind not in EVENT_TYPES:
        return _rejected(_unknown_type(kind))
    return _with_case(kind, case)


def _wire(body: bytes) -> Wire | str:
    try:
        return _decode(body)
    except _UNREADABLE as failure:
        reason = failure
    try:  # Creatio's designer makes it easy to send the object as the text of a string
        return _decode(_decode_text(body).lstrip("\ufeff"))
    except _UNREADABLE:
        return _not_an_object(body, reason)


def _not_an_object(body: bytes, failure: Exception) -> str:
    expected = 'expected {"event_type": "...", "caseId": "..."}.'
    if not body.strip():
        return f"The body is empty: {expected}"
    if isinstance(failure, msgspec.ValidationError):
        return f"The body is JSON, but not an object: {expected}"
    if isinstance(failure, RecursionError):
        return f"The body is nested too deeply: {expected}"
    return f"The body is not JSON: {expected}"


def _with_case(kind: str, case: Any) -> Notification:
    if not isinstance(case, str):
        shape = "absent" if case is msgspec.UNSET else _shape(case)
        return _rejected(f"caseId is {shape}: expected the case's GUID, as a string.", kind)
    case = case.strip()
    if not case:
        return Notification(kind, None, Outcome.IGNORED, NO_CASE)
    found = GUID.fullmatch(case)
    if found is None:
        return _rejected(_not_a_guid(case), kind)
    named = UUID(int=int("".join(found.groups()), 16))
    if named == NOBODY:
        return Notification(kind, None, Outcome.IGNORED, NO_CASE)
    if kind == "case_updated":
        return Notification(kind, CaseId(named), Outcome.IGNORED, RESERVED)
    return Notification(kind, CaseId(named))


def _unknown_type(kind: str) -> str:
    if not kind:
        return f"event_type is empty: expected {KNOWN}."
    if _is_placeholder(kind):
        return f"event_type is {_unlinked(kind)} Expected {KNOWN}."
    return f"event_type is {_quoted(kind)}: expected {KNOWN}."


def _not_a_guid(case: str) -> str:
    if _is_placeholder(case):
        return (
            f"caseId is {_unlinked(case)} Link it to the case's id: in the process, open the Call "
            "web service element and choose the Case column for caseId."
        )
    return f"caseId is {_quoted(case)}: expected the case's GUID."


def _is_placeholder(text: str) -> bool:
    return "[#" in text


def _unlinked(text: str) -> str:
    return (
        f"the text {_quoted(text)}: the process parameter is not linked, so Creatio sent its name "
        "in place of its value."
    )


def _quoted(text: str) -> str:
    """Safe in a log, a database and an answer: NUL, surrogates and the rest become escapes."""
    return ascii(text if len(text) <= 60 else f"{text[:60]}…")


def _shape(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _rejected(reason: str, kind: str = "") -> Notification:
    return Notification(kind, None, Outcome.REJECTED, reason)
