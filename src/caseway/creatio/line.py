"""One connection's wire to Creatio: signed in, counted, bounded in time, silent while it is down.

A request that is refused for its pass (401, a login page, one 403) is repeated once with a new
one, unless it creates: a create is looked up by its id before anything is sent again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from yarl import URL

from caseway.creatio.auth_forms import Forms
from caseway.creatio.auth_oauth import OAuth
from caseway.creatio.circuit import Circuit, State
from caseway.creatio.errors import CredentialsRefused, Meaning, Verdict, verdict
from caseway.creatio.odata import CHEAPEST
from caseway.creatio.passes import Pass, Passes
from caseway.creatio.platform import PREFIXES, is_elsewhere
from caseway.creatio.slots import Slots
from caseway.domain.connection import Auth, Connection
from caseway.outbound import LIMIT_BYTES, Answer, NoAnswer, NotReached, Outside, TooLarge
from caseway.ports import CALL_TIMEOUT, Call, CallCounter, Later, Never

REFUSED_CREDENTIALS_PAUSE: Final = timedelta(minutes=1)
REFUSED_CREDENTIALS_LONGEST: Final = timedelta(hours=1)  # each try may count against the user
NEW_PASS_SECONDS: Final = 60.0

AT_ONCE: Final = 8  # calls to one Creatio, per process


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is what follows the runtime's prefix; `calls` what it costs of the plan."""

    kind: str
    path: str
    method: str = "GET"
    body: bytes | None = None
    calls: int = 1
    creates: bool = False
    empty_is_good: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    answer: Answer
    verdict: Verdict
    at: datetime  # the answer's `Date`, UTC


class Line:
    def __init__(
        self,
        connection: Connection,
        outside: Outside,
        counter: CallCounter,
        *,
        monotonic: Callable[[], float],
        chance: Callable[[], float],
        on_closed: Callable[[], None],
        on_well: Callable[[], None] = lambda: None,
        timeout: timedelta = CALL_TIMEOUT,
        at_once: int = AT_ONCE,
    ) -> None:
        self._slots = Slots(at_once, may_wait=at_once)
        self._base = connection.base_url
        self._outside = outside
        self._counter = counter
        self._monotonic = monotonic
        self._chance = chance
        self._timeout = timeout
        self._on_closed = on_closed
        self._on_well = on_well
        self._has_answered = False
        signer = OAuth if connection.auth is Auth.OAUTH else Forms
        self.signer: OAuth | Forms = signer(connection, outside, counter, monotonic=monotonic)
        self._passes = Passes(self.signer.sign_in, monotonic=monotonic)
        self._prefixes = PREFIXES[connection.platform]
        self._detecting = asyncio.Lock()
        self.circuit = Circuit()

    @property
    def answers(self) -> bool:
        return self._has_answered and self.circuit.failures == 0

    def deadline(self) -> float:
        """The monotonic time by which a call that begins now has ended."""
        return self._monotonic() + self._timeout.total_seconds()

    @property
    def look_up_seconds(self) -> float:
        """Kept back from a create, so that its time-out is cleared up in the same call."""
        return self._timeout.total_seconds() / 4

    def left(self, until: float) -> float:
        return until - self._monotonic()

    async def sign_in(self, *, until: float) -> None:
        """Make sure that Creatio knows us. Raise `Later` if it does not."""
        await self._passes.current(until=until)

    async def ask(self, request: Request, *, until: float, limit_bytes: int = LIMIT_BYTES) -> Reply:
        """Any answer with what it means. Raise `Later` where there is none.

        A create that was refused for its pass comes back with that verdict, the pass renewed.
        """
        async with self._slots.take(within_seconds=self.left(until)):
            return await self._ask(request, until=until, limit_bytes=limit_bytes)

    async def _ask(self, request: Request, *, until: float, limit_bytes: int) -> Reply:
        self._admit()
        try:
            prefix = await self.prefix(until=until)
            held = await self._passes.current(until=until)
            reply = await self._exchange(prefix, request, held, until, limit_bytes)
            if reply.verdict.meaning is Meaning.SIGN_IN:
                renewed = await self._renewed(held, reply, until)
                if renewed is not held and not request.creates:
                    reply = await self._exchange(prefix, request, renewed, until, limit_bytes)
        except Later as failure:
            self._failed(failure)
            raise
        self._note(request, reply)
        return reply

    async def good(
        self, request: Request, *, until: float, limit_bytes: int = LIMIT_BYTES
    ) -> Reply:
        """A good answer. Raise `Later` or `Never` for any other."""
        reply = await self.ask(request, until=until, limit_bytes=limit_bytes)
        if reply.verdict.meaning is not Meaning.GOOD:
            raise reply.verdict.failure
        return reply

    @property
    def known_prefix(self) -> str | None:
        """None: not asked for yet."""
        return self._prefixes[0] if len(self._prefixes) == 1 else None

    async def prefix(self, *, until: float) -> str:
        """The runtime's prefix, found by asking if it is not known."""
        if len(self._prefixes) == 1:
            return self._prefixes[0]
        try:
            async with asyncio.timeout(max(0.0, self.left(until))), self._detecting:
                return await self._detected(until)
        except TimeoutError:
            raise Later("finding Creatio's OData took too long", maybe_taken=False) from None

    async def _detected(self, until: float) -> str:
        failure: Later | Never | None = None
        for prefix in self._prefixes:
            if len(self._prefixes) == 1:
                return prefix  # somebody else has found it while we waited
            held = await self._passes.current(until=until)
            request = Request("detect", CHEAPEST)
            reply = await self._exchange(prefix, request, held, until, LIMIT_BYTES)
            if reply.verdict.meaning is Meaning.GOOD:
                self._prefixes = (prefix,)
                return prefix
            failure = reply.verdict.failure
            if not is_elsewhere(reply.answer):
                raise failure if isinstance(failure, Never) else Unwilling(reply)
        assert failure is not None  # noqa: S101 - there is always a prefix to try
        raise failure

    async def _renewed(self, held: Pass, reply: Reply, until: float) -> Pass:
        """A new pass; the same if it is so new that it cannot be the reason of the refusal."""
        young = self._monotonic() - held.made_at < NEW_PASS_SECONDS
        if young and reply.answer.status != 401:
            return held
        try:
            return await self._passes.renewed(held, until=until)
        except Later as failure:
            failure.maybe_taken = failure.maybe_taken or reply.verdict.maybe_taken
            raise

    async def _exchange(
        self, prefix: str, request: Request, held: Pass, until: float, limit_bytes: int
    ) -> Reply:
        headers = {"Accept": "application/json", **held.headers}
        if request.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        self._counter.count(Call(request.kind, request.calls))
        try:
            answer = await self._outside.ask(
                request.method,
                URL(f"{self._base}{prefix}{request.path}", encoded=True),
                headers=headers,
                body=request.body,
                within_seconds=self.left(until),
                limit_bytes=limit_bytes,
            )
        except NotReached as error:
            raise Later(str(error), maybe_taken=False, remedy=error.remedy) from error
        except TooLarge as error:
            raise AnswerTooLarge(str(error), maybe_taken=True) from error
        except NoAnswer as error:
            raise Later(str(error), maybe_taken=True) from error
        at = answer.at
        if at is None:
            raise Later(
                "Creatio's answer has no Date header",
                maybe_taken=True,
                remedy="Something between us and Creatio removes the Date header; let it pass.",
            )
        return Reply(answer, verdict(answer, empty_is_good=request.empty_is_good), at)

    def _admit(self) -> None:
        now = self._monotonic()
        if wait := self.circuit.wait(now):
            raise Later(
                f"Creatio is left alone for now: {self.circuit.reason}",
                maybe_taken=False,
                retry_after=timedelta(seconds=wait),
                remedy=self.circuit.remedy,
            )
        self.circuit = self.circuit.calling(now)

    def _note(self, request: Request, reply: Reply) -> None:
        """Any answer says that it lives, but a read that fails, or one that asks for rest."""
        found = reply.verdict
        asks_for_rest = found.retry_after is not None or reply.answer.status == 429
        if found.meaning is Meaning.GOOD or found.meaning is Meaning.NEVER:
            self._succeeded()
        elif asks_for_rest:
            self._fail(found.reason, found.remedy, stay_away=found.retry_after or timedelta())
        elif request.method == "GET":
            self._fail(found.reason, found.remedy, stay_away=None)
        elif self.circuit.state is State.HALF_OPEN:
            self._succeeded()

    def _succeeded(self) -> None:
        was_closed = self.circuit.state is State.CLOSED
        is_news = not (was_closed and self._has_answered)
        self._has_answered = True
        self.circuit = self.circuit.succeeded()
        if not was_closed:
            self._on_closed()
        if is_news:
            self._on_well()

    def _failed(self, failure: Later) -> None:
        if isinstance(failure, AnswerTooLarge):
            return  # it lives
        stay_away = failure.retry_after
        if isinstance(failure, CredentialsRefused):
            grown = REFUSED_CREDENTIALS_PAUSE * (1 << min(self.circuit.openings, 10))
            stay_away = max(stay_away or timedelta(), min(grown, REFUSED_CREDENTIALS_LONGEST))
        self._fail(str(failure), failure.remedy, stay_away=stay_away)

    def _fail(self, reason: str, remedy: str, *, stay_away: timedelta | None) -> None:
        self.circuit = self.circuit.failed(
            self._monotonic(),
            reason=reason,
            remedy=remedy,
            chance=self._chance(),
            stay_away=stay_away,
        )


class Unwilling(Later):
    """What may be OData stands there, and answers this instead of rows."""

    def __init__(self, reply: Reply) -> None:
        found = reply.verdict
        super().__init__(
            found.reason,
            maybe_taken=found.maybe_taken,
            retry_after=found.retry_after,
            remedy=found.remedy,
        )
        self.reply = reply


class AnswerTooLarge(Later):
    """Larger than we read: the same question, asked for fewer rows, may yet work."""
