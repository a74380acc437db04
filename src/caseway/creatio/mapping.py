"""Creatio's columns and our records, each way. The only file that knows how a column is called.

Sources: `docs/reference/creatio.md`, section "Columns". Lookups come and go as flat `…Id`
columns, but are filtered by path (`Case/Id`). Creatio never answers null for an empty column (it
sends the empty GUID, an empty text, year 1); a null is read the same way all the same.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from caseway.domain.ids import NOBODY, ActivityId, CaseId, StatusId
from caseway.domain.remote import Activity, Changed, NewActivity, NewCase, NewContact, Status
from caseway.domain.stock import COMPLETED, TASK, TO_DO

TITLE_CHARACTERS: Final = 500
NAME_CHARACTERS: Final = 250

ACTIVITY_COLUMNS: Final = (
    "Id,CaseId,CreatedOn,ModifiedOn,TypeId,ActivityCategoryId,StatusId,MessageTypeId,"
    "EmailSendStatusId,AuthorId,OwnerId,CreatedById,Title,Body,DetailedResult,Notes,Sender,"
    "Recepient,CopyRecepient,BlindCopyRecepient,IsHtmlBody,IsAutoSubmitted"
)
AUTHOR: Final = "Author($select=Name)"
CASE_OF_ACTIVITY: Final = "Case($select=StatusId,Number)"
CASE_COLUMNS: Final = "Id,StatusId,Number,CreatedOn"
STATUS_COLUMNS: Final = "Id,Name,IsResolved,IsFinal,IsPaused"


class Named(msgspec.Struct, rename="pascal"):
    name: str | None = None


class CaseRow(msgspec.Struct, rename="pascal"):
    id: UUID | None = None
    status_id: UUID | None = None
    number: str | None = None
    created_on: datetime | None = None
    modified_on: datetime | None = None


class ActivityRow(msgspec.Struct, rename="pascal"):
    id: UUID
    created_on: datetime
    modified_on: datetime
    case_id: UUID | None = None
    type_id: UUID | None = None
    activity_category_id: UUID | None = None
    status_id: UUID | None = None
    message_type_id: UUID | None = None
    email_send_status_id: UUID | None = None
    author_id: UUID | None = None
    owner_id: UUID | None = None
    created_by_id: UUID | None = None
    title: str | None = None
    body: str | None = None
    detailed_result: str | None = None
    notes: str | None = None
    sender: str | None = None
    recepient: str | None = None
    copy_recepient: str | None = None
    blind_copy_recepient: str | None = None
    is_html_body: bool | None = None
    is_auto_submitted: bool | None = None
    author: Named | None = None
    case: CaseRow | None = None


class StatusRow(msgspec.Struct, rename="pascal"):
    id: UUID
    name: str | None = None
    is_resolved: bool | None = None
    is_final: bool | None = None
    is_paused: bool | None = None


class ChangedRow(msgspec.Struct, rename="pascal"):
    id: UUID
    modified_on: datetime
    case_id: UUID | None = None
    status_id: UUID | None = None  # of a case


class CreatedRow(msgspec.Struct, rename="pascal"):
    """What we read of a row that we made, answered at once or looked up."""

    id: UUID | None = None
    created_on: datetime | None = None
    number: str | None = None


def utc(stamp: datetime) -> datetime:
    """Without a zone it is taken for UTC, as everything that Creatio labels."""
    if stamp.tzinfo is None:
        return stamp.replace(tzinfo=UTC)
    try:
        return stamp.astimezone(UTC)
    except OverflowError:  # year 1 with an offset: an empty date
        return datetime.min.replace(tzinfo=UTC)


def activity(row: ActivityRow, *, is_marked: bool = False) -> Activity:
    recipients = (row.recepient, row.copy_recepient, row.blind_copy_recepient)
    return Activity(
        id=ActivityId(row.id),
        case=_case(row.case_id),
        created_on=utc(row.created_on),
        modified_on=utc(row.modified_on),
        type_id=row.type_id or NOBODY,
        category_id=row.activity_category_id or NOBODY,
        status_id=row.status_id or NOBODY,
        message_type_id=row.message_type_id or NOBODY,
        send_status_id=row.email_send_status_id or NOBODY,
        author_id=row.author_id or NOBODY,
        owner_id=row.owner_id or NOBODY,
        created_by_id=row.created_by_id or NOBODY,
        title=row.title or "",
        body=row.body or "",
        detailed_result=row.detailed_result or "",
        notes=row.notes or "",
        sender=row.sender or "",
        recipients="; ".join(filter(None, recipients)),
        is_html=bool(row.is_html_body),
        is_auto_submitted=bool(row.is_auto_submitted),
        author_name=(row.author.name or "") if row.author else "",
        is_marked=is_marked,
    )


def status(row: StatusRow) -> Status:
    return Status(
        id=StatusId(row.id),
        name=row.name or "",
        is_resolved=bool(row.is_resolved),
        is_final=bool(row.is_final),
        is_paused=bool(row.is_paused),
    )


def changed_activity(row: ChangedRow) -> Changed:
    return Changed(row.id, _case(row.case_id), utc(row.modified_on))


def changed_case(row: ChangedRow) -> Changed:
    status = StatusId(row.status_id) if row.status_id else None
    return Changed(row.id, CaseId(row.id), utc(row.modified_on), status)


def _case(id: UUID | None) -> CaseId | None:
    return None if id is None or id == NOBODY else CaseId(id)


def case_body(new: NewCase) -> bytes:
    return _encoded(
        {
            "Id": new.id,
            "Subject": cut(new.subject, TITLE_CHARACTERS) or "No subject",  # it is required
            "Symptoms": _text(new.description),
            "ContactId": new.contact,
            "OriginId": new.origin,
            "PriorityId": new.priority,
            "OwnerId": new.owner,
            "GroupId": new.group,
        }
    )


def activity_fields(new: NewActivity) -> dict[str, object]:
    """A finished task that stands in nobody's calendar and reminds nobody.

    `DetailedResult` is plain text over there: what looks like HTML is shown as it was typed.
    """
    at = stamp(new.at)
    return _present(
        {
            "Id": new.id,
            "CaseId": new.case,
            "Title": cut(new.title, TITLE_CHARACTERS) or "Message",  # it is required
            "DetailedResult": _text(new.text),
            "StartDate": at,
            "DueDate": at,
            "TypeId": new.type_id or TASK,
            "ActivityCategoryId": TO_DO,
            "StatusId": COMPLETED,
            "ShowInScheduler": False,
            "RemindToAuthor": False,
            "RemindToOwner": False,
            "ContactId": new.contact,
        }
    )


def contact_body(new: NewContact) -> bytes:
    return _encoded(
        {
            "Id": new.id,
            "Name": cut(new.name, NAME_CHARACTERS) or new.email or new.phone or "Customer",
            "Email": new.email or None,
            "MobilePhone": new.phone or None,
        }
    )


def status_body(status: StatusId) -> bytes:
    return _encoded({"StatusId": status})


def stamp(at: datetime) -> str:
    """Always with `Z`: a time without a zone becomes year 1 over there, in silence."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units on one line: the way their columns count."""
    line = " ".join(_text(text).split())
    if len(line) * 2 <= limit:
        return line
    units = line.encode("utf-16-le")
    if len(units) <= limit * 2:
        return line
    return units[: (limit - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _text(text: str) -> str:
    """A NUL cannot be stored by their database."""
    return text.replace("\0", "")


def _present(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _encoded(fields: dict[str, object]) -> bytes:
    return msgspec.json.encode(_present(fields))
