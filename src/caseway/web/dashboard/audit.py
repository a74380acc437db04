"""/settings/audit: who changed what, when and from where. Nothing in it can be edited."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain.roles import Action
from caseway.ports import AuditEntry
from caseway.web.api import cursors
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.parts import Parts

PATH: Final = "/settings/audit"
PAGE: Final = 50
SHORT: Final = 6
UUID_FORM: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Where the words of an action are not those that a person would say.
WORDS: Final = {
    "door.refused": "Refused at a door",
    "session.begun": "Signed in",
    "session.ended": "Signed out",
    "user.sessions_ended": "Ended sign-ins",
    "user.joined": "Joined",
    "user.role_changed": "Changed a role",
    "user.password_changed": "Changed the password",
    "user.password_reset": "Chose a new password by a link",
    "invitation.first_link_made": "Made the link for the first owner",
    "invitation.join_link_made": "Invited somebody",
    "invitation.reset_link_made": "Made a link for a new password",
    "invitation.revoked": "Revoked a link",
}


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    entry: AuditEntry
    what: str
    subject: str
    differences: list[Difference]


class AuditPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._audit = parts.people.audit
        self._doors = doors

    def routes(self) -> list[Route]:
        return [self._doors.door(PATH, self.show, Action.READ_AUDIT)]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        cursor = request.query_params.get("before", "")
        found = await self._audit.page(
            visitor.organisation,
            most=PAGE + 1,
            before=cursors.moment_of(cursor) if cursor else None,
        )
        shown = found[:PAGE]
        older = ""
        if len(found) > PAGE:
            older = f"{PATH}?before={cursors.of_moment(shown[-1].at, shown[-1].id)}"
        return draw(
            request,
            visitor,
            "audit.html",
            lines=[line_of(entry) for entry in shown],
            newest=PATH if cursor else "",
            older=older,
        )


def line_of(entry: AuditEntry) -> Line:
    words = entry.action.replace(".", " ").replace("_", " ")
    found = differences(entry.before, entry.after)
    return Line(
        entry=entry,
        what=WORDS.get(entry.action, words[:1].upper() + words[1:]),
        subject=_subject(entry),
        differences=found,
    )


def _subject(entry: AuditEntry) -> str:
    """By its name where it has one; nothing where it is said elsewhere in the line."""
    kind, _, subject = entry.subject.partition(":")
    if kind == "session" or subject == entry.actor:
        return ""
    if not UUID_FORM.fullmatch(subject):
        return subject
    return _name(entry.after) or _name(entry.before) or subject[:SHORT]


def _name(text: str) -> str:
    """A conversation's before and after are its states, without a name."""
    told = _read(text)
    name = told.get("name") if isinstance(told, Mapping) else None
    return name if isinstance(name, str) else ""


def differences(before: str, after: str) -> list[Difference]:
    """The fields that differ, each by its path below the settings: reply_rule.types."""
    was, is_now = dict(_flat(_read(before))), dict(_flat(_read(after)))
    return [
        Difference(field.removeprefix("settings."), was.get(field, ""), is_now.get(field, ""))
        for field in dict.fromkeys([*was, *is_now])
        if was.get(field, "") != is_now.get(field, "")
    ]


def _read(text: str) -> Any:
    return msgspec.json.decode(text) if text else {}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for name, below in value.items():
                yield from _flat(below, f"{path}.{name}" if path else str(name))
        case list():
            yield path, ", ".join(_word(each) for each in value)
        case _:
            yield path, _word(value)


def _word(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case _:
            return msgspec.json.encode(value).decode()
