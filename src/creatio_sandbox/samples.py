"""Invented customers and cases, the same for the same number, so that a desk is not empty."""

import random
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from creatio_sandbox import ids
from creatio_sandbox.records import Author, Records

SPACE: Final = UUID("5a4d0c10-0000-4000-8000-0000000000ff")
SUPERVISOR: Final = Author(ids.SUPERVISOR_USER, ids.SUPERVISOR)
INTEGRATION: Final = Author(ids.INTEGRATION_USER, ids.INTEGRATION)
PEOPLE: Final = (
    "Ines Costa", "Jonas Lindqvist", "Olu Adeyemi", "Léa Bernard", "Emre Kaya", "Tomasz Wójcik",
    "Mei-Ling Chen", "Amina Haddad", "Pavel Novák", "Sofia Rossi", "Liam Byrne", "Noor Aziz",
)  # fmt: skip
TROUBLES: Final = (
    ("Rear brake squeals", "My rear brake squeals since the service last week."),
    ("Invoice: old VAT number", "The invoice of this month still shows our old VAT number."),
    ("Frame number for warranty", "Where do I find the frame number for the warranty?"),
    ("Damaged parcel", "The box was open when it arrived, and the lamp is missing."),
    ("Later delivery", "Can you deliver order 4471 a week later?"),
    ("Replacement wheel", "The front wheel is out of true after two rides."),
    ("Wheel ready for pick-up", "You wrote that my wheel is ready. Until when are you open?"),
    ("Password reset fails", "The link in your mail says it has expired."),
    ("Refund", "I sent the helmet back on Monday. When will I get the money?"),
)
PLAIN: Final = str.maketrans("éó", "eo")
STATUSES: Final = ("New", "In progress", "Waiting for response", "Resolved", "Closed")


def plant_cases(records: Records, number: int, now: datetime) -> None:
    chance = random.Random(7)  # noqa: S311
    for index in range(number):
        name = PEOPLE[index % len(PEOPLE)]
        contact = str(uuid5(SPACE, f"contact {name}"))
        at = now - timedelta(minutes=(number - index) * 47)
        if records.row("Contact", contact) is None:
            mail = f"{name.split()[0].lower().translate(PLAIN)}@customer.example"
            row = {"Id": contact, "Name": name, "Email": mail, "TypeId": ids.CUSTOMER_TYPE}
            records.create("Contact", row, by=SUPERVISOR, at=at)
        subject, text = TROUBLES[chance.randrange(len(TROUBLES))]
        status = STATUSES[chance.choices(range(5), weights=(4, 4, 2, 2, 1))[0]]
        case = records.create(
            "Case",
            {
                "Id": str(uuid5(SPACE, f"case {index}")),
                "Subject": subject,
                "Symptoms": text,
                "ContactId": contact,
                "GroupId": ids.FIRST_LINE,
                "OwnerId": ids.SUPERVISOR if status != "New" else None,
            },
            by=INTEGRATION,
            at=at,
        )
        records.create(
            "Activity",
            {
                "Id": str(uuid5(SPACE, f"first word {index}")),
                "Title": f"Customer · {subject}",
                "DetailedResult": text,
                "TypeId": ids.TASK,
                "StatusId": ids.COMPLETED,
                "CaseId": case,
                "ContactId": contact,
            },
            by=INTEGRATION,
            at=at,
        )
        if status != "New":
            moved = at + timedelta(minutes=chance.randrange(3, 40))
            records.change("Case", case, {"StatusId": ids.STATUS[status]}, by=SUPERVISOR, at=moved)
