"""What a person at the desk can do: answer by task or email, note, move the status, take over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from creatio_sandbox import ids
from creatio_sandbox.clock import stamp
from creatio_sandbox.failures import Broken, Malformed, Missing
from creatio_sandbox.odata.writes import keep_stream
from creatio_sandbox.records import Author, Records, Row
from creatio_sandbox.values import stored

TITLE_LENGTH = 60


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1]}…"


def paragraphs(text: str) -> str:
    """Plain text as the HTML that mail bodies and feed messages are."""
    parts = (escape(part).replace("\n", "<br>") for part in text.strip().split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in parts)


@dataclass(frozen=True, slots=True)
class Desk:
    records: Records
    author: Author

    def case(self, id: str) -> Row:
        case = self.records.row("Case", id.lower())
        if case is None:
            raise Missing(f"Case({id})")
        return case

    def write_task(
        self, case_id: str, text: str, *, title: str | None = None, finished: bool = True
    ) -> str:
        """Finished: the text is its result. Otherwise the text is only its title and notes."""
        case = self.case(case_id)
        row: dict[str, Any] = {
            "Title": title or _title(text) or "Task",
            "TypeId": ids.TASK,
            "ActivityCategoryId": ids.TO_DO,
            "StatusId": ids.COMPLETED if finished else ids.NOT_STARTED,
            "DetailedResult": text if finished else "",
            "Notes": "" if finished else text,
            "CaseId": case["Id"],
            "ContactId": case["ContactId"],
            "AccountId": case["AccountId"],
            "OwnerId": self.author.contact,
            "AuthorId": self.author.contact,
        }
        return self._create("Activity", row)

    def finish_task(self, activity_id: str, text: str) -> None:
        self.change("Activity", activity_id, {"DetailedResult": text, "StatusId": ids.COMPLETED})

    def write_email(
        self,
        case_id: str,
        text: str,
        *,
        to: str | None = None,
        title: str | None = None,
        sent: bool = True,
    ) -> str:
        """Outgoing, to the contact's address unless another is named. Not sent: a draft."""
        case = self.case(case_id)
        contact = self.records.row("Contact", case["ContactId"]) if case["ContactId"] else None
        me = self.records.row("Contact", self.author.contact) or {}
        row: dict[str, Any] = {
            "Title": title or f"RE: {case['Subject']} [Case #{case['Number']}]",
            "Body": paragraphs(text),
            "IsHtmlBody": 1,
            "TypeId": ids.EMAIL,
            "ActivityCategoryId": ids.EMAIL_CATEGORY,
            "MessageTypeId": ids.OUTGOING,
            "EmailSendStatusId": ids.SENT if sent else ids.NOT_SENT,
            "StatusId": ids.COMPLETED if sent else ids.NOT_STARTED,
            "Sender": me.get("Email", ""),
            "Recepient": to or (contact or {}).get("Email", ""),
            "SendDate": stamp(self._now()) if sent else None,
            "CaseId": case["Id"],
            "ContactId": case["ContactId"],
            "AccountId": case["AccountId"],
            "OwnerId": self.author.contact,
            "AuthorId": self.author.contact,
            "SenderContactId": self.author.contact,
        }
        with self.records.transaction():
            mail = self._create("Activity", row)
            self._take_part(mail, self.author.contact, ids.FROM)
            if contact is not None and to in {None, contact["Email"]}:
                self._take_part(mail, contact["Id"], ids.TO)
        return mail

    def send_draft(self, activity_id: str) -> None:
        sent = {"EmailSendStatusId": ids.SENT, "StatusId": ids.COMPLETED}
        self.change("Activity", activity_id, {**sent, "SendDate": f"{stamp(self._now())}Z"})

    def receive_email(self, case_id: str, text: str, *, sender: str | None = None) -> str:
        """A customer's mail that Creatio's own mailbox took in."""
        case = self.case(case_id)
        contact = self.records.row("Contact", case["ContactId"]) if case["ContactId"] else None
        row: dict[str, Any] = {
            "Title": f"RE: {case['Subject']}",
            "Body": paragraphs(text),
            "IsHtmlBody": 1,
            "TypeId": ids.EMAIL,
            "ActivityCategoryId": ids.EMAIL_CATEGORY,
            "MessageTypeId": ids.INCOMING,
            "EmailSendStatusId": ids.SENT,
            "StatusId": ids.COMPLETED,
            "Sender": sender or (contact or {}).get("Email", ""),
            "Recepient": "support@sandbox.example",
            "CaseId": case["Id"],
            "ContactId": case["ContactId"],
        }
        return self._create("Activity", row)

    def note(self, case_id: str, text: str) -> str:
        """An internal note: a message in the case's feed, never an activity."""
        row = {
            "EntitySchemaUId": ids.CASE_SCHEMA,
            "EntityId": self.case(case_id)["Id"],
            "Message": paragraphs(text),
        }
        return self._create("SocialMessage", row)

    def set_status(self, case_id: str, status: str) -> None:
        """By its name, as in the status table, or by its id."""
        found = self.records.database.one(
            'SELECT "Id" FROM "CaseStatus" WHERE "Name" = ?1 OR "Id" = lower(?1)', (status,)
        )
        if found is None:
            raise Missing(f"There is no case status '{status}'.")
        self.change("Case", case_id, {"StatusId": found[0]})

    def take_over(self, case_id: str) -> None:
        self.assign(case_id, self.author.contact)

    def assign(self, case_id: str, owner: str | None) -> None:
        """To a contact, or to nobody."""
        self.change("Case", case_id, {"OwnerId": owner})

    def attach(
        self, case_id: str, name: str, content: bytes, *, activity: str | None = None
    ) -> str:
        """A file of the case, or of one of its activities."""
        entity, parent = (
            ("ActivityFile", {"ActivityId": activity})
            if activity
            else ("CaseFile", {"CaseId": self.case(case_id)["Id"]})
        )
        limit_mb = int(self.records.setting("MaxFileSize", "IntegerValue") or 10)
        if len(content) > limit_mb * 1024 * 1024:
            raise Malformed(f"{name} is larger than {limit_mb} MB, the limit for files here.")
        known = self.records.known[entity]
        with self.records.transaction():
            key = self._create(entity, {"Name": name, "TypeId": ids.FILE, **parent})
            keep_stream(self.records, known, key, "Data", content, self.author, self._now())
        return key

    def create(self, entity: str, columns: Mapping[str, Any]) -> str:
        """Any record, with values as on the wire."""
        return self._create(entity, self._stored(entity, columns))

    def change(self, entity: str, id: str, columns: Mapping[str, Any]) -> None:
        self.records.change(
            entity, id.lower(), self._stored(entity, columns), by=self.author, at=self._now()
        )

    def delete(self, entity: str, id: str) -> None:
        self.records.delete(entity, id.lower())

    def _stored(self, entity: str, columns: Mapping[str, Any]) -> dict[str, Any]:
        known = self.records.known.get(entity)
        if known is None:
            raise Missing(f"There is no entity '{entity}'.")
        unknown = columns.keys() - known.columns.keys()
        if unknown:
            raise Broken(f"{entity} has no column {', '.join(sorted(unknown))}.", "")
        return {name: stored(known.columns[name], value) for name, value in columns.items()}

    def _create(self, entity: str, row: Mapping[str, Any]) -> str:
        return self.records.create(entity, row, by=self.author, at=self._now())

    def _take_part(self, activity: str, contact: str, role: str) -> None:
        row = {"ActivityId": activity, "ParticipantId": contact, "RoleId": role}
        self._create("ActivityParticipant", row)

    def _now(self) -> datetime:
        return self.records.clock.now()
