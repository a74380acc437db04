"""Creates that may be repeated: the id is ours, and is looked up after any answer but 201.

A duplicate id answers 500, no differently from an outage, so the texts of errors tell nothing:
found is made, whoever's attempt it was; not found is the failure, by its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from caseway.creatio.errors import Meaning, Verdict
from caseway.creatio.line import Line, Reply, Request
from caseway.creatio.mapping import CreatedRow, utc
from caseway.creatio.odata import IDS_AT_ONCE, Rows, created_by_ids, rows
from caseway.domain.remote import Made
from caseway.outbound import Answer
from caseway.ports import Later, Never

THROTTLED: Final = 429  # refused before anything was read, and asks for rest: nobody looks
_ROW: Final = msgspec.json.Decoder(CreatedRow)
_ROWS: Final = msgspec.json.Decoder(Rows[CreatedRow])


@dataclass(frozen=True, slots=True)
class NewRow:
    """One record to be made: its collection (`Case`), its id, its columns as JSON."""

    collection: str
    id: UUID
    body: bytes


async def create(line: Line, new: NewRow, *, kind: str, until: float) -> Made:
    """Make it, or find it made. Raise `Later` or `Never` when it is not there."""
    made, failure, passed = await _attempt(line, new, kind, until)
    if made is None and passed:  # the pass was to blame, and it is another one now
        made, failure, _ = await _attempt(line, new, kind, until)
    if made is None:
        raise failure
    return made


async def _attempt(
    line: Line, new: NewRow, kind: str, until: float
) -> tuple[Made | None, Later | Never, bool]:
    """What was made; else why it was not, and whether a new pass is worth another attempt."""
    request = Request(kind, f"/odata/{new.collection}", "POST", new.body, creates=True)
    try:
        reply = await line.ask(request, until=until - line.look_up_seconds)
    except Later as lost:
        if not lost.maybe_taken:
            raise
        found = await look_up(line, new.collection, [new.id], until=until, after=lost)
        return found.get(new.id), lost, False
    if made := made_of(reply.answer, reply):
        return made, _NOTHING, False
    failure = failure_of(reply.verdict, reply.answer.status)
    if reply.answer.status == THROTTLED:
        return None, failure, False
    found = await look_up(line, new.collection, [new.id], until=until, after=failure)
    return found.get(new.id), failure, reply.verdict.meaning is Meaning.SIGN_IN


def made_of(answer: Answer, reply: Reply) -> Made | None:
    """A 201, whatever can be read of the row that comes with it; `reply` has the clock."""
    if answer.status != 201 or reply.verdict.meaning is not Meaning.GOOD:
        return None
    try:
        row = _ROW.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Made(reply.at)
    return _made(row, reply, found=False)


def failure_of(verdict: Verdict, status: int) -> Later | Never:
    """Why a create whose id was then not found has failed: it has not been taken."""
    if verdict.meaning is Meaning.GOOD:
        return Later(f"Creatio answered {status} to a create", maybe_taken=False)
    failure = verdict.failure
    if isinstance(failure, Later):
        failure.maybe_taken = False
    return failure


async def look_up(
    line: Line,
    collection: str,
    ids: Sequence[UUID],
    *,
    until: float,
    after: Later | Never | None = None,
) -> dict[UUID, Made]:
    """Which of these exist. `after`: what made us ask; it is what is said if this fails too."""
    found: dict[UUID, Made] = {}
    for begin in range(0, len(ids), IDS_AT_ONCE):
        query = created_by_ids(collection, ids[begin : begin + IDS_AT_ONCE])
        try:
            reply = await line.good(Request("lookup", query), until=until)
            here = rows(_ROWS, reply.answer)
        except (Later, Never) as failure:
            if after is None:
                raise
            raise _both(after, failure) from failure
        found |= {row.id: _made(row, reply, found=True) for row in here if row.id is not None}
    return found


def _both(first: Later | Never, second: Later | Never) -> Later:
    told = first if isinstance(first, Later) else Later("", maybe_taken=True)
    return Later(
        f"{first} (and then: {second})",
        maybe_taken=True,
        retry_after=told.retry_after,
        remedy=told.remedy,
    )


def _made(row: CreatedRow, reply: Reply, *, found: bool) -> Made:
    return Made(
        at=reply.at,
        stamp=utc(row.created_on) if row.created_on else None,
        number=row.number or "",
        found=found,
    )


_NOTHING: Final = Later("nothing failed", maybe_taken=False)
