"""Who may sit at the desk: the active users of SysAdminUnit, each with a contact of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from creatio_sandbox import ids
from creatio_sandbox.records import Author, Records

USERS: Final = """
SELECT "Name", "Id", "ContactId" FROM "SysAdminUnit"
 WHERE "SysAdminUnitTypeValue" = 4 AND "Active" = 1 AND "ContactId" IS NOT NULL
 ORDER BY "Name"
"""


@dataclass(frozen=True, slots=True)
class Person:
    name: str  # by which they sign in, and by which the desk speaks of them
    author: Author


@dataclass(frozen=True, slots=True)
class People:
    records: Records
    chief: str  # the Supervisor's name: whom the sandbox was started for

    def all(self) -> list[Person]:
        """The Supervisor first. The technical user sits at no desk."""
        found = [
            Person(self.chief if user == ids.SUPERVISOR_USER else name, Author(user, contact))
            for name, user, contact in self.records.database.all(USERS)
            if user != ids.INTEGRATION_USER
        ]
        return sorted(found, key=lambda person: person.author.user != ids.SUPERVISOR_USER)

    def named(self, name: str) -> Person | None:
        wanted = name.strip().casefold()
        return next((each for each in self.all() if each.name.casefold() == wanted), None)

    def with_contact(self, contact: str | None) -> Person | None:
        return next((each for each in self.all() if each.author.contact == contact), None)

    def users(self) -> Mapping[str, str]:
        """Everyone whom rights may name, and the id of their user."""
        return {name: user for name, user, _ in self.records.database.all(USERS)}
