"""Cases as the desk shows them: the list, and one case with all that stands on it."""

from typing import Any

from creatio_sandbox import ids
from creatio_sandbox.failures import Missing
from creatio_sandbox.records import Records, Row
from creatio_sandbox.values import SHOWN

LIST = """
SELECT c."Id" AS id, c."Number" AS number, c."Subject" AS subject, s."Name" AS status,
       coalesce(p."Name", '') AS contact, coalesce(o."Name", '') AS owner,
       c."OwnerId" AS owner_id, c."RegisteredOn" || 'Z' AS registered,
       max(c."ModifiedOn",
           coalesce((SELECT max(a."CreatedOn") FROM "Activity" a WHERE a."CaseId" = c."Id"), ''))
           || 'Z' AS touched
  FROM "Case" c
  LEFT JOIN "CaseStatus" s ON s."Id" = c."StatusId"
  LEFT JOIN "Contact" p ON p."Id" = c."ContactId"
  LEFT JOIN "Contact" o ON o."Id" = c."OwnerId"
 WHERE (:search = '' OR instr(lower(c."Number" || ' ' || c."Subject" || ' '
        || coalesce(p."Name", '')), lower(:search)) > 0)
   AND (:status = '' OR s."Name" = :status
        OR (:status = 'open' AND s."IsFinal" = 0 AND s."IsResolved" = 0))
 ORDER BY touched DESC
 LIMIT :limit
"""


def case_list(
    records: Records, *, search: str = "", status: str = "", limit: int = 200
) -> list[dict[str, Any]]:
    """Last touched first. `status` is a name, or `open` for whatever is neither done nor final."""
    cursor = records.database.connection.execute(
        LIST, {"search": search.strip(), "status": status, "limit": limit}
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


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
    """The case with every column, its activities and its notes, oldest first."""
    case = records.row("Case", case_id)
    if case is None:
        raise Missing(f"Case({case_id})")
    return {
        "case": shown(records, "Case", case),
        "activities": activities(records, case_id),
        "notes": notes(records, case_id),
        "files": attachments(records, case_id),
    }
