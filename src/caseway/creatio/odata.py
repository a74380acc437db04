"""OData 4 as Creatio speaks it: addresses, literals, pages, and the JSON form of `$batch`.

Queries stay short of 2,000 characters and of 100 filter nodes: at most 12 ids are or-ed. Rows are
read through a filter by id, not by key: an empty list says for certain that a row is not there,
while a 404 may as well come from an instance that is rebuilding its model.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from caseway.creatio.mapping import (
    ACTIVITY_COLUMNS,
    AUTHOR,
    CASE_COLUMNS,
    CASE_OF_ACTIVITY,
    STATUS_COLUMNS,
    activity_fields,
    stamp,
)
from caseway.domain.ids import NOBODY
from caseway.domain.remote import NewActivity
from caseway.outbound import Answer
from caseway.ports import Later

IDS_AT_ONCE: Final = 12
_TICK: Final = timedelta(microseconds=1)
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_ACTIVITIES_OF_CASE: Final = (
    f"/odata/Activity?$select={ACTIVITY_COLUMNS}{{more}}&$expand={CASE_OF_ACTIVITY},{AUTHOR}"
    "&$orderby=ModifiedOn,Id&$top={top}&$filter=Case/Id%20eq%20{case}"
)
_NEWEST_ACTIVITIES: Final = (
    f"/odata/Activity?$select={ACTIVITY_COLUMNS}{{more}}&$expand={AUTHOR}"
    "&$orderby=CreatedOn%20desc,Id&$top={top}&$filter={filter}"
)
_CHANGED: Final = "&$orderby=ModifiedOn,Id&$top={top}&$filter=ModifiedOn%20ge%20{since}"

CHEAPEST: Final = "/odata/CaseStatus?$select=Id&$top=1"
STATUSES: Final = f"/odata/CaseStatus?$select={STATUS_COLUMNS}&$top=1000"

T = TypeVar("T")


class Rows(msgspec.Struct, Generic[T]):
    value: list[T]


_ANY: Final = msgspec.json.Decoder(Rows[dict[str, Any]])
EMPTY: Final = (None, False, 0, "", str(NOBODY))


class Part(msgspec.Struct):
    """One answer within a `$batch`'s. `id` is ours, given back."""

    status: int
    id: str | int = ""
    body: msgspec.Raw = msgspec.Raw(b"")

    @property
    def answer(self) -> Answer:
        return Answer(self.status, _JSON, bytes(self.body))


class _Parts(msgspec.Struct):
    responses: list[Part]


_PARTS: Final = msgspec.json.Decoder(_Parts)


def moment(at: datetime) -> str:
    """A literal for `ge`. Their seventh digit was rounded away, so it reaches a tick back."""
    floor = at - _TICK if at.replace(tzinfo=None) > datetime.min else at  # noqa: DTZ901
    return stamp(floor)


def text(value: str) -> str:
    """A quoted literal, ready for an address."""
    return "%27" + quote(value.replace("'", "''"), safe="") + "%27"


def any_of(path: str, ids: Sequence[UUID]) -> str:
    if not 0 < len(ids) <= IDS_AT_ONCE:
        raise ValueError(f"1 to {IDS_AT_ONCE} ids a query, not {len(ids)}")
    return "%20or%20".join(f"{path}%20eq%20{one}" for one in ids)


def case_by_id(case: UUID) -> str:
    return f"/odata/Case?$select={CASE_COLUMNS}&$filter=Id%20eq%20{case}"


def created_by_ids(collection: str, ids: Sequence[UUID]) -> str:
    number = ",Number" if collection == "Case" else ""
    return f"/odata/{collection}?$select=Id,CreatedOn{number}&$filter={any_of('Id', ids)}"


def activities_of(case: UUID, since: datetime | None, top: int, column: str = "") -> str:
    """Ordered by (ModifiedOn, Id), with the case's status in each row. `column`: one more."""
    query = _ACTIVITIES_OF_CASE.format(top=top, case=case, more=_more(column))
    return query if since is None else f"{query}%20and%20ModifiedOn%20ge%20{moment(since)}"


def newest_activities(cases: Sequence[UUID], top: int, column: str = "") -> str:
    which = any_of("Case/Id", cases)
    return _NEWEST_ACTIVITIES.format(top=top, filter=which, more=_more(column))


def _more(column: str) -> str:
    return f",{column}" if column else ""


def changed(collection: str, since: datetime, top: int) -> str:
    which = "StatusId" if collection == "Case" else "CaseId"
    query = f"/odata/{collection}?$select=Id,ModifiedOn,{which}"
    return query + _CHANGED.format(top=top, since=moment(since))


def cases_listed(cases: Sequence[UUID]) -> str:
    return f"/odata/Case?$select=Id,ModifiedOn,StatusId&$filter={any_of('Id', cases)}"


def activities_listed(cases: Sequence[UUID], since: datetime | None, top: int) -> str:
    query = (
        f"/odata/Activity?$select=Id,ModifiedOn,CaseId&$orderby=ModifiedOn,Id&$top={top}"
        f"&$filter=({any_of('Case/Id', cases)})"
    )
    return query if since is None else f"{query}%20and%20ModifiedOn%20ge%20{moment(since)}"


def rows(decoder: msgspec.json.Decoder[Rows[T]], answer: Answer) -> list[T]:
    """The rows of a good answer; one that cannot be read is broken, not empty."""
    try:
        return decoder.decode(answer.body).value
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Later(f"Creatio's rows cannot be read: {_shape(error)}", maybe_taken=False) from None


def marked(answer: Answer, column: str) -> frozenset[UUID]:
    """Ids of the rows in which a column is set: what is no empty value of Creatio's."""
    if not column:
        return frozenset()
    found = rows(_ANY, answer)
    return frozenset(UUID(str(row["Id"])) for row in found if is_set(row.get(column)))


def is_set(value: object) -> bool:
    """An empty column is false, 0, an empty text or GUID, or year 1; never null, but may be."""
    return value not in EMPTY and not str(value).startswith("0001-01-01T")


def _shape(error: Exception) -> str:
    """What is wrong, without any of what was said."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "broken JSON"


def transcript(case: UUID, activities: Sequence[NewActivity]) -> bytes:
    """Creates in order, then a read of the case; the first refusal stops the rest."""
    requests: list[dict[str, object]] = [
        {
            "id": str(position),
            "method": "POST",
            "url": "Activity",
            "headers": _JSON,
            "body": activity_fields(activity),
        }
        for position, activity in enumerate(activities)
    ]
    requests.append(
        {
            "id": str(len(activities)),
            "method": "GET",
            "url": case_by_id(case).removeprefix("/odata/"),
            "headers": {"Accept": "application/json"},
        }
    )
    return msgspec.json.encode({"requests": requests})


def parts(answer: Answer) -> dict[int, Part]:
    """A batch's answers by our position; empty if they cannot be read."""
    try:
        responses = _PARTS.decode(answer.body).responses
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    found: dict[int, Part] = {}
    for part in responses:
        position = str(part.id)
        if position.isascii() and position.isdigit() and len(position) < 4:
            found.setdefault(int(position), part)
    return found
