"""All that is to be seen of some open cases: for the nightly comparison, ids and statuses alone."""

from collections.abc import Sequence
from typing import Final

import msgspec

from caseway.creatio.line import Line, Request
from caseway.creatio.mapping import ChangedRow, utc
from caseway.creatio.odata import Rows, activities_listed, cases_listed, rows
from caseway.domain.ids import ActivityId, CaseId, StatusId
from caseway.domain.remote import Listing
from caseway.ports import Later

PAGE: Final = 1000
PAGES_AT_MOST: Final = 50
_ROWS: Final = msgspec.json.Decoder(Rows[ChangedRow])


async def listing(line: Line, cases: Sequence[CaseId], *, until: float) -> Listing:
    """One request for the statuses, and one for each page of activities."""
    reply = await line.good(Request("comparison", cases_listed(cases)), until=until)
    statuses = {
        CaseId(row.id): StatusId(row.status_id)
        for row in rows(_ROWS, reply.answer)
        if row.status_id is not None
    }
    return Listing(statuses, await _activities(line, cases, until))


async def _activities(
    line: Line, cases: Sequence[CaseId], until: float
) -> dict[ActivityId, CaseId]:
    """Each page from the last stamp read; a full page of one stamp doubles the page."""
    found: dict[ActivityId, CaseId] = {}
    since, top = None, PAGE
    for _ in range(PAGES_AT_MOST):
        query = activities_listed(cases, since, top)
        reply = await line.good(Request("comparison", query), until=until)
        page = rows(_ROWS, reply.answer)
        known = len(found)
        found |= {ActivityId(r.id): CaseId(r.case_id) for r in page if r.case_id is not None}
        if len(page) < top:
            return found
        if len(found) == known:
            top *= 2
        since = utc(page[-1].modified_on)
    raise Later("the cases have more activities than one listing reads", maybe_taken=False)
