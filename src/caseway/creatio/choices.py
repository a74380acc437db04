"""What a settings page lets people pick from: read from Creatio, never hard-coded.

Owners are contacts that are active users; a case's group is any role but a user or a portal role.
"""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

import msgspec

from caseway.creatio.line import Line, Request
from caseway.creatio.odata import Rows, rows
from caseway.domain.ids import NOBODY
from caseway.ports import Choice, Pick

MOST: Final = 1_000


class _Row(msgspec.Struct, rename="pascal"):
    id: UUID
    name: str | None = None
    contact_id: UUID | None = None


_ROWS: Final = msgspec.json.Decoder(Rows[_Row])
_TYPE: Final = "SysAdminUnitTypeValue"  # 0 to 3 and 6 are roles and teams, 4 users, 5 portal users
_USERS: Final = f"$filter={_TYPE}%20eq%204%20and%20Active%20eq%20true"
_QUERIES: Final[Mapping[Pick, str]] = {
    Pick.STATUS: "CaseStatus?$select=Id,Name",
    Pick.ORIGIN: "CaseOrigin?$select=Id,Name",
    Pick.PRIORITY: "CasePriority?$select=Id,Name",
    Pick.TYPE: "ActivityType?$select=Id,Name",
    Pick.CATEGORY: "ActivityCategory?$select=Id,Name",
    Pick.OWNER: f"SysAdminUnit?$select=Id,Name,ContactId&{_USERS}",
    Pick.GROUP: f"SysAdminUnit?$select=Id,Name&$filter={_TYPE}%20lt%204%20or%20{_TYPE}%20eq%206",
}


async def choices(line: Line, pick: Pick, *, until: float) -> tuple[Choice, ...]:
    """Ordered by name, at most a thousand. Raise `Later` or `Never`."""
    query = f"/odata/{_QUERIES[pick]}&$orderby=Name&$top={MOST}"
    reply = await line.good(Request("choices", query), until=until)
    chosen: Callable[[_Row], UUID | None] = _contact if pick is Pick.OWNER else _id
    found = ((chosen(row), row.name or "") for row in rows(_ROWS, reply.answer))
    return tuple(Choice(one, name) for one, name in found if one is not None and one != NOBODY)


def _id(row: _Row) -> UUID | None:
    return row.id


def _contact(row: _Row) -> UUID | None:
    return row.contact_id
