"""A sandbox's file with as many cases and activities as one asks for, in minutes.

One case and one activity are written by the sandbox itself; SQL repeats them with other ids and
times, so that each row weighs what a real one does. Indexes are made afterwards, as for any load.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creatio_sandbox import ids
from creatio_sandbox.acts import Desk
from creatio_sandbox.instance import Instance, Plan

FILL: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -262144",
    "PRAGMA foreign_keys = OFF",
)
STEP_S: Final = 30  # between two cases
# Ids spread over all of their space, and rising, so that the key's own index is written in order.
CASE_ID: Final = "printf('%08x-0000-4000-8000-%012x', i * 4294967295 / {cases}, i)"
ACTIVITY_ID: Final = "printf('%08x-0000-4000-9000-%012x', i * 4294967295 / {activities}, i)"
CASE_OF: Final = (
    "printf('%08x-0000-4000-8000-%012x', (i % {cases}) * 4294967295 / {cases}, i % {cases})"
)
TIME: Final = "strftime('%Y-%m-%dT%H:%M:%f000', {began} + {step} * (i / {per}), 'unixepoch')"
BEGAN: Final = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Filled:
    cases: int
    activities: int

    def case_id(self, number: int) -> str:
        return f"{number * 4294967295 // self.cases:08x}-0000-4000-8000-{number:012x}"


def fill(file: Path, cases: int, activities: int) -> Filled:
    """Blocks. The indexes are those that the sandbox makes when it opens the file again."""
    templates = _first_rows(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as link:
        for pragma in FILL:
            link.execute(pragma)
        for entity in templates:
            for (name,) in link.execute(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
                " AND sql IS NOT NULL",
                (entity,),
            ).fetchall():
                link.execute(f'DROP INDEX "{name}"')
            link.execute(f'DELETE FROM "{entity}"')
        sizes = {"cases": cases, "activities": activities}
        at = TIME.format(began=BEGAN, step=STEP_S, per=1)
        _repeat(link, "Case", templates["Case"], cases, {
            "Id": CASE_ID.format(**sizes), "Number": "printf('SR%08d', i + 1)",
            "CreatedOn": at, "ModifiedOn": at, "RegisteredOn": at,
        })  # fmt: skip
        per = max(1, activities // cases)
        at = TIME.format(began=BEGAN, step=STEP_S, per=per)
        _repeat(link, "Activity", templates["Activity"], activities, {
            "Id": ACTIVITY_ID.format(**sizes), "CaseId": CASE_OF.format(**sizes),
            "CreatedOn": at, "ModifiedOn": at, "StartDate": at, "DueDate": at,
        })  # fmt: skip
        link.execute(
            'UPDATE "SysSettingsValue" SET "IntegerValue" = ? WHERE "SysSettingsId" ='
            ' (SELECT "Id" FROM "SysSettings" WHERE "Code" = \'CaseLastNumber\')',
            (cases,),
        )
    Instance(Plan(data=str(file))).close()  # makes the indexes
    return Filled(cases, activities)


def _first_rows(file: Path) -> dict[str, dict[str, object]]:
    instance = Instance(Plan(data=str(file)))
    desk = Desk(instance.records, instance.author)
    contact = desk.create("Contact", {"Name": "Ines Costa", "Email": "ines@customer.example"})
    case = desk.create("Case", {
        "Subject": "Rear brake squeals", "ContactId": contact, "OwnerId": ids.SUPERVISOR,
        "Symptoms": "My rear brake squeals since the service last week.",
        "StatusId": ids.STATUS["In progress"],
    })  # fmt: skip
    task = desk.write_task(case, "The pads fit without tools. Shall I book a fitting for Friday?")
    found = {
        "Case": dict(instance.records.row("Case", case) or {}),
        "Activity": dict(instance.records.row("Activity", task) or {}),
    }
    instance.close()
    return found


def _repeat(
    link: sqlite3.Connection,
    entity: str,
    template: dict[str, object],
    many: int,
    differing: dict[str, str],
) -> None:
    columns = ", ".join(f'"{name}"' for name in template)
    values = ", ".join(differing.get(name, "?") for name in template)
    link.execute(
        "WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers"
        f' WHERE i + 1 < {many}) INSERT INTO "{entity}" ({columns}) SELECT {values} FROM numbers',
        [value for name, value in template.items() if name not in differing],
    )
