"""Sample data of a small company, all made from one number: accounts, contacts, agents, and cases
in every status. The same number makes the same rows; only their times are counted from now.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid5

from creatio_sandbox import ids
from creatio_sandbox.records import Author, Records
from creatio_sandbox.samples import INTEGRATION, PEOPLE, PLAIN, SPACE, SUPERVISOR, TROUBLES
from creatio_sandbox.values import Stored

FAMILY: Final = ("Meyer", "Okafor", "Silva", "Tanaka", "Kowalska", "Dubois", "Haugen", "Rahman")
COMPANIES: Final = ("Northwind Cycles", "Blue Lantern Hotels", "Kestrel Logistics", "Orchard Foods")
AGENTS: Final = ("Carla Weiss", "Ben Osei", "Yuki Mori", "Marta Lind")
FIRST_LINE_TYPE: Final = "60733efc-f36b-1410-a883-16d83cab0980"  # ContactType Employee
EMAIL: Final = "ee1c85c3-cfcb-df11-9b2a-001d60e938c6"
MOBILE: Final = "d4a2dc80-30ca-df11-9b2a-001d60e938c6"
PER_CONTACT: Final = 3  # cases, on average


@dataclass(frozen=True, slots=True)
class Planting:
    records: Records
    seed: int
    now: datetime

    def id(self, *name: object) -> str:
        return str(uuid5(SPACE, " ".join(map(str, ("sample", self.seed, *name)))))

    def keep(self, entity: str, by: Author, at: datetime, **columns: Any) -> str:
        return self.records.create(entity, columns, by=by, at=at)


def plant(records: Records, seed: int, cases: int, now: datetime) -> None:
    planting = Planting(records, seed, now)
    chance = random.Random(seed)  # noqa: S311
    start = now - timedelta(days=90)
    agents = [plant_agent(records, name, start, id=planting.id) for name in AGENTS]
    accounts = [
        planting.keep("Account", SUPERVISOR, start, Id=planting.id("account", name), Name=name)
        for name in COMPANIES
    ]
    contacts = [
        _contact(planting, number, accounts, chance, start)
        for number in range(max(1, cases // PER_CONTACT))
    ]
    for number in range(cases):
        _case(planting, number, contacts, agents, chance)


def by_name(*name: object) -> str:
    return str(uuid5(SPACE, " ".join(map(str, name))))


def plant_agent(
    records: Records, name: str, at: datetime, *, id: Callable[..., str] = by_name
) -> Author:
    """A user with a contact, in the first line's role. `id` makes one from words."""
    mail = f"{name.split(maxsplit=1)[0].lower().translate(PLAIN)}@sandbox.example"
    person = {"Id": id("agent", name), "Name": name, "Email": mail, "TypeId": FIRST_LINE_TYPE}
    contact = records.create("Contact", person, by=SUPERVISOR, at=at)
    account: dict[str, Stored] = {
        "Id": id("user", name),
        "Name": name,
        "SysAdminUnitTypeValue": 4,
        "ContactId": contact,
        "Active": 1,
        "Email": mail,
    }
    user = records.create("SysAdminUnit", account, by=SUPERVISOR, at=at)
    for role in (ids.EVERYBODY, ids.FIRST_LINE):
        part = {"Id": id("role", name, role), "SysUserId": user, "SysRoleId": role}
        records.create("SysUserInRole", part, by=SUPERVISOR, at=at)
    return Author(user, contact)


def _contact(
    planting: Planting, number: int, accounts: Sequence[str], chance: random.Random, at: datetime
) -> str:
    given = chance.choice(PEOPLE).split()[0]
    name = f"{given} {chance.choice(FAMILY)}"
    mail = f"{given.lower().translate(PLAIN)}.{number}@customer.example"
    phone = f"+49 30 {chance.randrange(10**6, 10**7)}"
    contact = planting.keep(
        "Contact",
        SUPERVISOR,
        at,
        Id=planting.id("contact", number),
        Name=name,
        Email=mail,
        MobilePhone=phone,
        AccountId=chance.choice(accounts),
        TypeId=ids.CUSTOMER_TYPE,
    )
    for kind, value in ((EMAIL, mail), (MOBILE, phone)):
        planting.keep(
            "ContactCommunication",
            SUPERVISOR,
            at,
            Id=planting.id("communication", number, kind),
            ContactId=contact,
            CommunicationTypeId=kind,
            Number=value,
        )
    return contact


def _case(
    planting: Planting,
    number: int,
    contacts: Sequence[str],
    agents: Sequence[Author],
    chance: random.Random,
) -> None:
    at = planting.now - timedelta(minutes=chance.randrange(60, 60 * 24 * 60))
    subject, text = chance.choice(TROUBLES)
    contact, agent = chance.choice(contacts), chance.choice(agents)
    status = tuple(ids.STATUS)[number % len(ids.STATUS)]
    case = planting.keep(
        "Case",
        INTEGRATION,
        at,
        Id=planting.id("case", number),
        Subject=subject,
        Symptoms=text,
        ContactId=contact,
        GroupId=ids.FIRST_LINE,
        OwnerId=None if status == "New" else agent.contact,
    )
    if status == "New":
        return
    answered = at + timedelta(minutes=chance.randrange(3, 45))
    planting.keep(
        "Activity",
        agent,
        answered,
        Id=planting.id("answer", number),
        Title=f"Answer: {subject}",
        DetailedResult="We are looking into it and will write again today.",
        TypeId=ids.TASK,
        StatusId=ids.COMPLETED,
        CaseId=case,
        ContactId=contact,
    )
    moved = {"StatusId": ids.STATUS[status]}
    planting.records.change("Case", case, moved, by=agent, at=answered)
