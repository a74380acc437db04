"""A conversation's messages become activities: in order, in one `$batch`, and never out of order.

The batch does not ask to continue on errors: it stops at the first refusal, so that nothing is
created behind a message that was not. What the answers leave open is looked up by id.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from caseway.creatio.creates import (
    THROTTLED,
    NewRow,
    create,
    failure_of,
    look_up,
    made_of,
)
from caseway.creatio.errors import GOOD, Meaning, verdict
from caseway.creatio.line import Line, Reply, Request
from caseway.creatio.mapping import CaseRow, activity_fields
from caseway.creatio.odata import Part, Rows, case_by_id, parts, rows, transcript
from caseway.domain.ids import CaseId, StatusId
from caseway.domain.remote import Made, NewActivity, Refused, Undecided, Written
from caseway.ports import Later, Never

AT_ONCE: Final = 20  # a create takes them up to 0.3 s, and the whole call has ten
Outcome = Made | Refused | Undecided
_CASES: Final = msgspec.json.Decoder(Rows[CaseRow])


async def write(
    line: Line, case: CaseId, activities: Sequence[NewActivity], *, until: float
) -> Written:
    """At least one activity. Raise `Later` only when nothing at all was decided."""
    if not activities:
        raise ValueError("an empty transcript")
    writing = _Writing(line, case, activities, until)
    while writing.rest and not writing.stopped:
        await writing.next_batch()
    return await writing.end()


class _Writing:
    """How far a transcript has come."""

    def __init__(
        self, line: Line, case: CaseId, activities: Sequence[NewActivity], until: float
    ) -> None:
        self._line = line
        self._case = case
        self._activities = activities
        self._until = until
        self._outcomes: list[Outcome] = []
        self._status: StatusId | None = None
        self._at: datetime | None = None
        self._singly = False  # this instance takes no batches
        self._passed = False  # a new pass was tried
        self.stopped = False

    @property
    def rest(self) -> Sequence[NewActivity]:
        return self._activities[len(self._outcomes) :]

    async def next_batch(self) -> None:
        try:
            if self._line.left(self._until) <= self._line.look_up_seconds:
                raise Later("no time was left", maybe_taken=False)  # noqa: TRY301
            await (self._create_one() if self._singly else self._create_batch())
        except Later as failure:
            if not self._outcomes:
                raise
            self._stop(str(failure), maybe_taken=failure.maybe_taken)

    async def _create_batch(self) -> None:
        batch = self.rest[:AT_ONCE]
        request = Request(
            "activities",
            "/odata/$batch",
            "POST",
            transcript(self._case, batch),
            calls=len(batch) + 1,
            creates=True,
        )
        try:
            reply = await self._line.ask(request, until=self._until - self._line.look_up_seconds)
        except Later as lost:
            if not lost.maybe_taken:
                raise
            await self._adopt(batch, lost)
            if not self._outcomes:
                raise
            if self.rest:
                self._stop(str(lost), maybe_taken=True)
            return
        self._at = reply.at
        if reply.verdict.meaning is Meaning.GOOD:
            await self._settle(batch, reply)
        else:
            await self._refused(batch, reply)

    async def _settle(self, batch: Sequence[NewActivity], reply: Reply) -> None:
        answers = parts(reply.answer)
        if 0 not in answers:
            await self._find_out(
                batch, Later("the answer to a batch is unreadable", maybe_taken=True)
            )
            return
        for position in range(len(batch)):
            part = answers.get(position)
            if part is None:
                return  # the batch had stopped before it
            made = made_of(part.answer, Reply(part.answer, GOOD, reply.at))
            if made is None:
                failure = failure_of(verdict(part.answer), part.status)
                if part.status == THROTTLED:
                    self._stop(str(failure), maybe_taken=False)
                else:
                    await self._find_out(batch[position:], failure)
                return
            self._outcomes.append(made)
        self._status = _status(answers.get(len(batch)))

    async def _find_out(self, batch: Sequence[NewActivity], failure: Later | Never) -> None:
        """The first of these was not created now: it is there already, or has failed."""
        before = len(self._outcomes)
        await self._adopt(batch, failure)
        if len(self._outcomes) > before:
            return
        if isinstance(failure, Never):
            self._outcomes.append(Refused(str(failure)))
        else:
            self._stop(str(failure), maybe_taken=False)

    async def _refused(self, batch: Sequence[NewActivity], reply: Reply) -> None:
        """The batch as a whole was not answered as a batch."""
        meaning, status = reply.verdict.meaning, reply.answer.status
        failure = failure_of(reply.verdict, status)
        if status == THROTTLED:
            raise failure
        before = len(self._outcomes)
        await self._adopt(batch, failure)
        if meaning is Meaning.SIGN_IN and not self._passed:
            self._passed = True
        elif meaning is Meaning.NEVER or status in {404, 501}:
            self._singly = True
        elif len(self._outcomes) == before and isinstance(failure, Later):
            raise failure
        elif self.rest:
            self._stop(str(failure), maybe_taken=False)

    async def _create_one(self) -> None:
        activity = self.rest[0]
        new = NewRow("Activity", activity.id, msgspec.json.encode(activity_fields(activity)))
        try:
            made = await create(self._line, new, kind="activities", until=self._until)
        except Never as refused:
            self._outcomes.append(Refused(str(refused)))
        else:
            self._outcomes.append(made)
            self._at = made.at

    async def _adopt(self, batch: Sequence[NewActivity], after: Later | Never) -> None:
        """Take what exists of a batch whose answer we do not have; it went in order."""
        ids = [activity.id for activity in batch]
        found = await look_up(self._line, "Activity", ids, until=self._until, after=after)
        for one in ids:
            if one not in found:
                return
            self._outcomes.append(found[one])
            self._at = found[one].at

    def _stop(self, reason: str, *, maybe_taken: bool) -> None:
        self.stopped = True
        for position in range(len(self.rest)):
            self._outcomes.append(Undecided(reason, maybe_taken=maybe_taken and position < AT_ONCE))

    async def end(self) -> Written:
        made = any(isinstance(outcome, Made) for outcome in self._outcomes)
        if self._status is None and made and not self.stopped:
            self._status = await self._status_now()
        at = self._at
        assert at is not None  # noqa: S101 - something was answered, or `Later` was raised
        return Written(tuple(self._outcomes), self._status, at)

    async def _status_now(self) -> StatusId | None:
        try:
            reply = await self._line.good(
                Request("case", case_by_id(self._case)), until=self._until
            )
            found = rows(_CASES, reply.answer)
        except (Later, Never):
            return None  # not reached: the next look reads it
        self._at = reply.at
        return StatusId(found[0].status_id) if found and found[0].status_id else None


def _status(part: Part | None) -> StatusId | None:
    if part is None or part.status != 200:
        return None
    try:
        found = rows(_CASES, part.answer)
    except Later:
        return None
    return StatusId(found[0].status_id) if found and found[0].status_id else None
