"""What the server does by itself: case numbers, dates of solution and closure, reopening."""

import re
from typing import Any, Final

from creatio_sandbox import ids
from creatio_sandbox.records import Author, Change, Records, Row, Rule

MASK: Final = re.compile(r"\{0:(0+)\}")
SYSTEM: Final = Author(ids.SUPERVISOR_USER, ids.SUPERVISOR)


def number_the_case(records: Records, entity: str, before: Row | None, row: Row, now: str) -> None:
    """SR00000001 and so on, by the mask in the system settings."""
    del now
    if entity != "Case" or before is not None or row.get("Number"):
        return
    (last,) = records.database.one(
        'UPDATE "SysSettingsValue" SET "IntegerValue" = "IntegerValue" + 1 WHERE "SysSettingsId" ='
        ' (SELECT "Id" FROM "SysSettings" WHERE "Code" = ?) RETURNING "IntegerValue"',
        ("CaseLastNumber",),
    ) or (1,)
    mask = str(records.setting("CaseCodeMask", "TextValue") or "SR{0:00000000}")
    row["Number"] = MASK.sub(lambda found: str(last).zfill(len(found[1])), mask)


def date_the_closure(records: Records, entity: str, before: Row | None, row: Row, now: str) -> None:
    """Resolved or final: the dates and the closure code are set. Left again: they are cleared."""
    if entity != "Case" or not row.get("StatusId"):
        return
    was = before or {}
    if was.get("StatusId") == row["StatusId"]:
        return
    status = flags(records, str(row["StatusId"]))
    done = bool(status["IsResolved"] or status["IsFinal"])
    if done:
        row.setdefault("ClosureCodeId", was.get("ClosureCodeId") or status["ClosureCodeId"])
        row.setdefault("SolutionProvidedOn", was.get("SolutionProvidedOn") or now)
        if status["IsFinal"]:
            row.setdefault("ClosureDate", now)
    elif was.get("SolutionProvidedOn") or was.get("ClosureDate"):
        for column in ("ClosureCodeId", "SolutionProvidedOn", "ClosureDate"):
            row.setdefault(column, None)


def reverse_the_number(
    records: Records, entity: str, before: Row | None, row: Row, now: str
) -> None:
    """Phone numbers are searched by their last digits: SearchNumber holds the digits reversed."""
    del records, before, now
    if entity in {"ContactCommunication", "AccountCommunication"} and "Number" in row:
        digits = "".join(c for c in str(row["Number"]) if c.isdigit())
        row["SearchNumber"] = digits[::-1]


RULES: Final[tuple[Rule, ...]] = (number_the_case, date_the_closure, reverse_the_number)


def flags(records: Records, status: str) -> dict[str, Any]:
    found = records.row("CaseStatus", status)
    return found or {"IsResolved": 0, "IsFinal": 0, "IsPaused": 0, "ClosureCodeId": None}


def reopen_on_incoming_mail(records: Records, change: Change) -> None:
    """A shipped process: a customer's mail on a resolved or waiting case reopens it."""
    row = change.row
    incoming = row.get("TypeId") == ids.EMAIL and row.get("MessageTypeId") == ids.INCOMING
    if change.entity != "Activity" or change.event != "added" or not incoming:
        return
    case = records.row("Case", row["CaseId"]) if row.get("CaseId") else None
    if case is None:
        return
    status = flags(records, case["StatusId"])
    if status["IsResolved"] or status["IsPaused"]:
        reopened = {"StatusId": ids.STATUS["Reopened"]}
        records.change("Case", case["Id"], reopened, by=SYSTEM, at=records.clock.now())


def note_in_history(records: Records, change: Change) -> None:
    """CaseMessageHistory, the index of a case's timeline, gets a row for each entry."""
    if change.event != "added":
        return
    row = change.row
    match change.entity:
        case "Activity" if row.get("TypeId") == ids.EMAIL and row.get("CaseId"):
            notifier, case, text = ids.NOTIFIED_BY_EMAIL, row["CaseId"], row.get("Body", "")
        case "SocialMessage" if row.get("EntitySchemaUId") == ids.CASE_SCHEMA:
            notifier, case, text = ids.NOTIFIED_BY_FEED, row["EntityId"], row.get("Message", "")
        case "PortalMessage" if row.get("EntitySchemaUId") == ids.CASE_SCHEMA:
            notifier, case, text = ids.NOTIFIED_BY_PORTAL, row["EntityId"], row.get("Message", "")
        case _:
            return
    if records.row("Case", str(case)) is None:
        return
    entry = {
        "CaseId": case,
        "MessageNotifierId": notifier,
        "RecordId": change.id,
        "Message": text,
    }
    records.create("CaseMessageHistory", entry, by=SYSTEM, at=records.clock.now())


def react(records: Records, changes: list[Change], *, processes_run: bool) -> None:
    """Listens after the commit. Reopening is a shipped process, and stops with the others."""
    for change in changes:
        note_in_history(records, change)
        if processes_run:
            reopen_on_incoming_mail(records, change)
