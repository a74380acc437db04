"""A pass: what each request carries so that Creatio knows us, and how it is renewed.

However many requests find theirs refused at the same time, one of them signs in; all the others
wait for it and share how that went, a failure as well (a wrong password that is tried once for
each waiting conversation locks the user out).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from caseway.ports import Later


@dataclass(frozen=True, slots=True)
class Pass:
    headers: Mapping[str, str] = field(repr=False)  # they hold a token or a session
    made_at: float  # monotonic seconds
    renew_at: float  # the same; before it expires


SignIn = Callable[[float], Awaitable[Pass]]
"""Sign in until the given monotonic time; raise `Later`, with a remedy where there is one."""


class Passes:
    """The pass of one connection."""

    def __init__(self, sign_in: SignIn, *, monotonic: Callable[[], float]) -> None:
        self._sign_in = sign_in
        self._monotonic = monotonic
        self._held: Pass | None = None
        self._lock = asyncio.Lock()
        self._attempts = 0
        self._failure: Later | None = None

    async def current(self, *, until: float) -> Pass:
        held = self._held
        if held is not None and self._monotonic() < held.renew_at:
            return held
        return await self.renewed(held, until=until)

    async def renewed(self, refused: Pass | None, *, until: float) -> Pass:
        """Another pass than the refused one. Raise `Later` if there is none to be had."""
        attempts = self._attempts
        try:
            async with asyncio.timeout(max(0.0, until - self._monotonic())), self._lock:
                if self._held is not None and self._held is not refused:
                    return self._held
                if self._attempts != attempts and self._failure is not None:
                    raise again(self._failure)
                return await self._renew(until)
        except TimeoutError:
            raise Later("signing in to Creatio took too long", maybe_taken=False) from None

    async def _renew(self, until: float) -> Pass:
        try:
            self._held = await self._sign_in(until)
        except Later as failure:
            self._held = None
            self._failure = failure
            self._attempts += 1
            raise
        self._failure = None
        self._attempts += 1
        return self._held


def again(failure: Later) -> Later:
    """The same failure for another caller: an exception object keeps its first one's frames."""
    return type(failure)(
        str(failure),
        maybe_taken=failure.maybe_taken,
        retry_after=failure.retry_after,
        remedy=failure.remedy,
    )
