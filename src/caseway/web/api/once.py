"""Idempotency-Key: a request and all its repeats have one effect and one answer.

The key is reserved before the effect and completed after it. Whoever finds a reservation that was
never completed makes the effect again, under ids derived from the key, so that what was made
before is found rather than doubled.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID, uuid4, uuid5

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from caseway.domain.ids import OrganisationId
from caseway.ports import Answered, Later, Repeats
from caseway.web.problems import Problem

EFFECT_WITHIN: Final = timedelta(seconds=8)  # shorter than a reservation counts as busy
RETRY: Final = timedelta(seconds=1)
OTHER_REQUEST: Final = (
    "This Idempotency-Key was used for another request. Take a new key for a new request."
)
BUSY: Final = "The first request with this Idempotency-Key is still being answered."

IdempotencyKey = Annotated[
    str,
    Header(
        max_length=255,
        pattern=r"^[\x21-\x7e]*$",
        description="The same key with the same request gets the first answer again.",
    ),
]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at an effect. `repeated_since`: an earlier try began then, and its end is unknown."""

    organisation: OrganisationId
    key: str  # empty: the caller sent none
    repeated_since: datetime | None = None

    def provider_id(self, external_id: str) -> str:
        """By which a message recognises its own repeat; empty: it cannot."""
        if external_id or not self.key:
            return external_id
        return f"idempotency/{hashlib.sha256(self.key.encode()).hexdigest()}"

    @property
    def somebody(self) -> UUID:
        """Who writes when nothing was said of the contact."""
        return uuid5(self.organisation, f"somebody/{self.key}") if self.key else uuid4()


Effect = Callable[[Attempt], Awaitable[Answered]]


async def once(
    repeats: Repeats,
    request: Request,
    organisation: OrganisationId,
    key: str,
    *,
    asked: str,
    effect: Effect,
) -> Response:
    """`asked`: the request's content, as it was understood."""
    if not key:
        return _said(await _within(effect, Attempt(organisation, key)))
    route = f"{request.method} {request.url.path}"
    fingerprint = hashlib.sha256(asked.encode()).digest()
    found = await repeats.reserve(organisation, key, route, fingerprint)
    if not found.same_request:
        raise Problem(422, OTHER_REQUEST)
    if found.answer is not None:
        return _said(found.answer)
    if found.busy:
        raise Problem(409, BUSY, retry_after=RETRY)
    # CRASH HERE: the key is reserved and nothing was done; the repeat does it.
    since = found.since if found.taken_up else None
    try:
        answer = await _within(effect, Attempt(organisation, key, since))
    except Problem:  # refused: nothing came of it, and the key is free for a better request
        await repeats.release(organisation, key)
        raise
    # CRASH HERE: the effect is kept, its answer is not; the repeat finds what was made.
    return _said(await repeats.complete(organisation, key, answer))


async def _within(effect: Effect, attempt: Attempt) -> Answered:
    try:
        async with asyncio.timeout(EFFECT_WITHIN.total_seconds()):
            return await effect(attempt)
    except TimeoutError:
        raise Later("the store took too long", maybe_taken=True) from None


def _said(answer: Answered) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")
