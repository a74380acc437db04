"""All that stands on a case as one list, newest first, in the words of the desk."""

from dataclasses import dataclass
from typing import Any, Final

from creatio_sandbox import ids
from creatio_sandbox.desk.plain import plain

KINDS: Final = {ids.TASK: "task", ids.EMAIL: "mail"}


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: str
    path: str  # below /desk/files


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    icon: str  # task, mail, note, call, portal, file
    heading: str
    by: str  # empty where the heading says it
    kind: str  # Task, completed
    title: str  # empty where the text begins with it
    text: str
    at: str
    internal: bool
    mine: bool
    files: tuple[File, ...] = ()


def _kind(activity: dict[str, Any]) -> str:
    name = str(activity.get("Type", "Activity"))
    if activity["TypeId"] != ids.EMAIL:
        return f"{name}, {str(activity.get('Status', '')).lower()}"
    if activity["MessageTypeId"] == ids.INCOMING:
        return f"{name}, incoming"
    return f"{name}, {str(activity.get('EmailSendStatus', 'not sent')).lower()}"


def size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def file_of(row: dict[str, Any]) -> File:
    return File(row["Name"], size(row["Size"]), f"{row['entity']}/{row['Id']}")


def entry_of(activity: dict[str, Any], me: str, files: tuple[File, ...] = ()) -> Entry:
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
        files=files,
    )


def note_entry(note: dict[str, Any], me: str) -> Entry:
    return _said(note, me, icon="note", kind="Internal note", internal=True)


def portal_entry(message: dict[str, Any], me: str) -> Entry:
    hidden = message["HideOnPortal"]
    kind = "Portal, internal" if hidden else f"Portal, {_side(message)}"
    return _said(message, me, icon="portal", kind=kind, internal=hidden)


def _side(message: dict[str, Any]) -> str:
    return "from the customer" if message["FromPortal"] else "to the customer"


def _said(message: dict[str, Any], me: str, *, icon: str, kind: str, internal: bool) -> Entry:
    return Entry(
        id=message["Id"],
        icon=icon,
        heading=str(message.get("CreatedBy", "")),
        by="",
        kind=kind,
        title="",
        text=plain(message["Message"]),
        at=message["CreatedOn"],
        internal=internal,
        mine=message["CreatedById"] == me,
    )


def file_entry(row: dict[str, Any], me: str) -> Entry:
    return Entry(
        id=row["Id"],
        icon="file",
        heading=str(row.get("CreatedBy", "")),
        by="",
        kind="File",
        title="",
        text=row["Notes"],
        at=row["CreatedOn"],
        internal=False,
        mine=row["CreatedById"] == me,
        files=(file_of(row),),
    )


def timeline(whole: dict[str, Any], me: str) -> list[Entry]:
    of_activity: dict[str, tuple[File, ...]] = {}
    for row in whole["files"]:
        if row["entity"] == "ActivityFile":
            before = of_activity.get(row["ActivityId"], ())
            of_activity[row["ActivityId"]] = (*before, file_of(row))
    entries = [entry_of(each, me, of_activity.get(each["Id"], ())) for each in whole["activities"]]
    entries += [note_entry(note, me) for note in whole["notes"]]
    entries += [portal_entry(message, me) for message in whole["portal"]]
    entries += [file_entry(row, me) for row in whole["files"] if row["entity"] == "CaseFile"]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)
