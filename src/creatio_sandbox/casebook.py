"""Cases as the desk shows them: the list, and one case with all that stands on it."""

from collections.abc import Iterator
from typing import Any, Final

from creatio_sandbox import ids
from creatio_sandbox.failures import Missing
from creatio_sandbox.records import Records, Row
from creatio_sandbox.values import SHOWN

NOBODY: Final = "nobody"
MANY: Final = 1000  # counted no further
OPEN: Final = 'IN (SELECT "Id" FROM "CaseStatus" WHERE "IsFinal" = 0 AND "IsResolved" = 0)'
NAMED: Final = 'IN (SELECT "Id" FROM "CaseStatus" WHERE "Name" = :status)'
SEARCHED: Final = """
(instr(lower(c."Subject"), lower(:search)) > 0 OR instr(lower(c."Number"), lower(:search)) > 0
 OR c."ContactId" IN (SELECT "Id" FROM "Contact" WHERE instr(lower("Name"), lower(:search)) > 0))
"""
# Those last changed and those last written on, each found by an index, then sorted together: what
# it costs does not grow with the number of cases. Written on: of so many newest activities.
LIST: Final = """
WITH changed AS (
       SELECT c."Id" AS id FROM "Case" c WHERE {condition}
        ORDER BY c."ModifiedOn" DESC LIMIT :limit),
     written AS (
       SELECT DISTINCT "CaseId" AS id FROM (
         SELECT "CaseId" FROM "Activity" ORDER BY "CreatedOn" DESC LIMIT 5 * :limit))
SELECT c."Id" AS id, c."Number" AS number, c."Subject" AS subject, s."Name" AS status,
       coalesce(p."Name", '') AS contact, coalesce(o."Name", '') AS owner,
       c."OwnerId" AS owner_id, c."RegisteredOn" || 'Z' AS registered,
       max(c."ModifiedOn",
           coalesce((SELECT max(a."CreatedOn") FROM "Activity" a WHERE a."CaseId" = c."Id"), ''))
           || 'Z' AS touched
  FROM (SELECT id FROM changed UNION SELECT id FROM written) AS found
  JOIN "Case" c ON c."Id" = found.id
  LEFT JOIN "CaseStatus" s ON s."Id" = c."StatusId"
  LEFT JOIN "Contact" p ON p."Id" = c."ContactId"
  LEFT JOIN "Contact" o ON o."Id" = c."OwnerId"
 WHERE {condition}
 ORDER BY touched DESC
 LIMIT :limit
"""
COUNT: Final = 'SELECT count(*) FROM (SELECT 1 FROM "Case" c WHERE {condition} LIMIT :limit)'


def _conditions(search: str, status: str, owner: str, *, few: bool) -> Iterator[str]:
    """Few are found by the index of owner and status; of many the newest are, along the time."""
    plus = "" if few else "+"
    if owner:
        yield f'{plus}c."OwnerId" {"IS NULL" if owner == NOBODY else "= :owner"}'
    if status:
        yield f'{plus}c."StatusId" {OPEN if status == "open" else NAMED}'
    if search:
        yield SEARCHED


def case_list(
    records: Records, *, search: str = "", status: str = "", owner: str = "", limit: int = 200
) -> list[dict[str, Any]]:
    """Last touched first. `status` is a name, or `open` for whatever is neither done nor final;
    `owner` a contact, or NOBODY.
    """
    search = search.strip()
    few = bool(owner) and open_cases(records, owner) < MANY
    conditions = _conditions(search, status, owner, few=few)
    sql = LIST.format(condition=" AND ".join(conditions) or "1")
    given = {"search": search, "status": status, "owner": owner, "limit": limit}
    cursor = records.database.connection.execute(sql, given)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def open_cases(records: Records, owner: str) -> int:
    """Of one owner, or of NOBODY; more than MANY are not counted."""
    sql = COUNT.format(condition=" AND ".join(_conditions("", "open", owner, few=True)))
    found = records.database.one(sql, {"owner": owner, "limit": MANY})
    return int(found[0]) if found else 0


def shown(records: Records, entity: str, row: Row) -> dict[str, Any]:
    """As OData shows it, lookups with their names besides."""
    known = records.known[entity]
    wire = {name: SHOWN[column.kind](row[name]) for name, column in known.columns.items()}
    for name, column in known.navigations.items():
        target = records.known.get(column.target or "")
        if row[column.name] and target is not None and "Name" in target.columns:
            found = records.database.one(
                f'SELECT "Name" FROM "{target.name}" WHERE "Id" = ?', (row[column.name],)
            )
            wire[name] = found[0] if found else ""
    return wire


def rows_of(records: Records, entity: str, where: str, values: tuple[Any, ...]) -> list[Row]:
    columns = tuple(records.known[entity].columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    found = records.database.all(
        f'SELECT {listed} FROM "{entity}" WHERE {where} ORDER BY "CreatedOn", rowid', values
    )
    return [dict(zip(columns, row, strict=True)) for row in found]


def activities(records: Records, case_id: str) -> list[dict[str, Any]]:
    found = rows_of(records, "Activity", '"CaseId" = ?', (case_id,))
    return [shown(records, "Activity", row) for row in found]


def notes(records: Records, case_id: str) -> list[dict[str, Any]]:
    found = rows_of(
        records,
        "SocialMessage",
        '"EntityId" = ? AND "EntitySchemaUId" = ?',
        (case_id, ids.CASE_SCHEMA),
    )
    return [shown(records, "SocialMessage", row) for row in found]


def portal_messages(records: Records, case_id: str) -> list[dict[str, Any]]:
    found = rows_of(
        records,
        "PortalMessage",
        '"EntityId" = ? AND "EntitySchemaUId" = ?',
        (case_id, ids.CASE_SCHEMA),
    )
    return [shown(records, "PortalMessage", row) for row in found]


def attachments(records: Records, case_id: str) -> list[dict[str, Any]]:
    own = rows_of(records, "CaseFile", '"CaseId" = ?', (case_id,))
    others = rows_of(
        records,
        "ActivityFile",
        '"ActivityId" IN (SELECT "Id" FROM "Activity" WHERE "CaseId" = ?)',
        (case_id,),
    )
    return [{"entity": "CaseFile", **shown(records, "CaseFile", row)} for row in own] + [
        {"entity": "ActivityFile", **shown(records, "ActivityFile", row)} for row in others
    ]


def whole_case(records: Records, case_id: str) -> dict[str, Any]:
    """The case with every column, and all that stands on it, oldest first."""
    case = records.row("Case", case_id)
    if case is None:
        raise Missing(f"Case({case_id})")
    return {
        "case": shown(records, "Case", case),
        "activities": activities(records, case_id),
        "notes": notes(records, case_id),
        "portal": portal_messages(records, case_id),
        "files": attachments(records, case_id),
    }
