"""A case's activities and notes as one list, newest first, in the words of the desk."""

from dataclasses import dataclass
from typing import Any, Final

from creatio_sandbox import ids
from creatio_sandbox.desk.plain import plain

KINDS: Final = {ids.TASK: "task", ids.EMAIL: "mail"}


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    icon: str  # task, mail, note, call
    heading: str
    by: str  # empty where the heading says it
    kind: str  # Task, completed
    title: str  # empty where the text begins with it
    text: str
    at: str
    internal: bool
    mine: bool


def _kind(activity: dict[str, Any]) -> str:
    name = str(activity.get("Type", "Activity"))
    if activity["TypeId"] != ids.EMAIL:
        return f"{name}, {str(activity.get('Status', '')).lower()}"
    if activity["MessageTypeId"] == ids.INCOMING:
        return f"{name}, incoming"
    return f"{name}, {str(activity.get('EmailSendStatus', 'not sent')).lower()}"


def entry_of(activity: dict[str, Any], me: str) -> Entry:
    is_mail = activity["TypeId"] == ids.EMAIL
    text = plain(activity["Body"]) if is_mail else activity["DetailedResult"] or activity["Notes"]
    mine = activity["CreatedById"] == me
    author = str(activity.get("CreatedBy", ""))
    title = activity["Title"]
    repeats = " ".join(text.split()).startswith(title.rstrip("…"))
    if is_mail and activity["MessageTypeId"] == ids.INCOMING:
        author, mine = activity["Sender"], False
    named_by_title = not mine and not is_mail and not repeats
    return Entry(
        id=activity["Id"],
        icon=KINDS.get(activity["TypeId"], "call"),
        heading=title if named_by_title else author,
        by=author if named_by_title else "",
        kind=_kind(activity),
        title="" if named_by_title or repeats else title,
        text=text,
        at=activity["CreatedOn"],
        internal=title.lower().startswith("#internal"),
        mine=mine,
    )


def timeline(whole: dict[str, Any], me: str) -> list[Entry]:
    entries = [entry_of(activity, me) for activity in whole["activities"]]
    entries += [
        Entry(
            id=note["Id"],
            icon="note",
            heading=str(note.get("CreatedBy", "")),
            by="",
            kind="Internal note",
            title="",
            text=plain(note["Message"]),
            at=note["CreatedOn"],
            internal=True,
            mine=note["CreatedById"] == me,
        )
        for note in whole["notes"]
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)
