"""POST /backend/creatio/webhook/<token>: kept and committed, then answered.

Plain ASGI, since a call is answered in a fraction of a millisecond: no model, no middleware. Codes
and texts are in docs/reference/webhook.md.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final
from uuid import uuid4

from starlette.types import Receive, Scope, Send

from caseway.domain import token as form
from caseway.domain.adoption import Outcome
from caseway.domain.ids import ConnectionKey, EventId
from caseway.domain.token import Presented, WebhookToken
from caseway.ports import Directory, Events, KeptEvent, Later, Never, NewEvent, Overloaded
from caseway.web.bodies import WITHIN, Body, Broken, read
from caseway.web.failures import our_bug
from caseway.web.receiver import answers
from caseway.web.receiver.answers import Answer
from caseway.web.receiver.limit import CallsAMinute
from caseway.web.receiver.notification import Notification
from caseway.web.receiver.notification import read as read_notification
from caseway.web.receiver.refusals import Refusals

PATH: Final = "/backend/creatio/webhook"
LIMIT_BYTES: Final = 64 * 1024
KEPT_OF_UNUSED_BYTES: Final = 4 * 1024
TEST_HEADER: Final = "caseway-test"  # ours: the event is kept, and counts for nothing
A_TEST: Final = "A test event that Caseway sent to itself. It woke nobody."
NOT_OURS: Final = "The case is not one of ours. Not an error."
RETRY_BUSY: Final = timedelta(seconds=1)
RETRY_UNREACHABLE: Final = timedelta(seconds=5)
BROKE_OFF: Final = "The connection broke off before the body was whole."
BROKEN: Final = {
    Broken.TOO_LARGE: (413, f"The body is larger than {LIMIT_BYTES // 1024} KiB."),
    Broken.TOO_SLOW: (408, f"The body did not arrive within {WITHIN.total_seconds():.0f} s."),
    Broken.GONE: (400, BROKE_OFF),
}
NOBODYS_DIGEST: Final = bytes(32)  # what an unknown token is compared with, to take as long


class Receiver:
    def __init__(
        self,
        *,
        events: Events,
        directory: Directory,
        refusals: Refusals,
        now: Callable[[], datetime],
    ) -> None:
        self._events = events
        self._directory = directory
        self._refusals = refusals
        self._now = now
        self._limit = CallsAMinute()
        self.tally: Counter[str] = Counter()  # calls by how they ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            self.tally["wrong_method"] += 1
            visitor = b"text/html" in _header(scope, b"accept")
            await answers.give(send, answers.VISITOR if visitor else answers.WRONG_METHOD)
            return
        try:
            answer = await self._answer(scope, receive)
        except Overloaded:
            self.tally["overloaded"] += 1
            answer = answers.later(answers.BUSY, RETRY_BUSY)
        except Never:  # its connection was removed a moment ago
            self.tally["stranger"] += 1
            answer = answers.STRANGER
        except Later as failure:
            self.tally["unreachable"] += 1
            wait = failure.retry_after or RETRY_UNREACHABLE
            answer = answers.later(answers.UNREACHABLE, wait)
        except Exception as bug:  # noqa: BLE001 - an HTTP root: a caller is always answered
            self.tally["failed"] += 1
            problem = our_bug(bug)
            answer = answers.refusal(problem.status, problem.detail)
        await answers.give(send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        """The token is judged before the body is read; what it holds is kept before any answer."""
        client = scope["client"]
        source = client[0] if client else ""
        token = await self._token(scope, source)
        if token is None:
            self.tally["stranger"] += 1
            return answers.STRANGER
        wait = await self._over_limit(token)
        if wait is not None:
            self.tally["limited"] += 1
            return wait
        body = await read(receive, limit_bytes=LIMIT_BYTES)
        if body.broken is None:
            status, said = 400, read_notification(body.content)
        else:
            status, reason = BROKEN[body.broken]
            said = Notification("", None, Outcome.REJECTED, reason)
        test = _header(scope, TEST_HEADER.encode()) != b""
        if test and said.outcome is not Outcome.REJECTED:
            said = replace(said, outcome=Outcome.IGNORED, reason=A_TEST)
        event = _event(token, source, said, body, test=test)
        kept = await self._events.keep(event)
        # CRASH HERE: it is kept, and Creatio repeats it: a second row, one look.
        if not kept.token_holds:  # revoked while the call was under way
            return self._refuse(token.public_name, source)
        return self._say(event, kept, status, broken=body.broken is not None)

    async def _token(self, scope: Scope, source: str) -> WebhookToken | None:
        text = scope["path"][len(PATH) + 1 :]
        if not text:
            kind, _, shown = _header(scope, b"authorization").partition(b" ")
            text = shown.decode("latin-1") if kind.lower() == b"bearer" else ""
        presented = Presented.read(text, form.WEBHOOK)
        if presented is None:
            self._refusals.note("", source)
            return None
        token = await self._directory.token(presented.public_name)
        if token is None:
            compare_digest(NOBODYS_DIGEST, presented.digest)
        elif token.admits(presented, now=self._now()):
            return token
        self._refusals.note(presented.public_name, source)
        return None

    async def _over_limit(self, token: WebhookToken) -> Answer | None:
        key = ConnectionKey(token.organisation, token.connection)
        connection = await self._directory.connection(key)
        most = connection.settings.webhooks_a_minute
        if most is None:
            return None
        wait = self._limit.take(key, most, now=self._now())
        return None if wait is None else answers.too_many(most, wait)

    def _refuse(self, public_name: str, source: str) -> Answer:
        self.tally["stranger"] += 1
        self._refusals.note(public_name, source)
        return answers.STRANGER

    def _say(self, event: NewEvent, kept: KeptEvent, status: int, *, broken: bool) -> Answer:
        match event.outcome:
            case Outcome.REJECTED:
                self.tally["rejected"] += 1
                headers = [answers.CLOSE] if broken else []
                return answers.refusal(status, event.reason, *headers)
            case Outcome.ACCEPTED if kept.conversation is not None:
                self.tally["accepted"] += 1
                return answers.accepted(event.id)
            case _:
                self.tally["ignored"] += 1
                return answers.ignored(event.id, event.reason or NOT_OURS)


def _event(
    token: WebhookToken, source: str, said: Notification, body: Body, *, test: bool
) -> NewEvent:
    used = said.outcome is Outcome.ACCEPTED
    return NewEvent(
        id=EventId(uuid4()),
        organisation=token.organisation,
        connection=token.connection,
        token=token.id,
        token_name=token.public_name,
        source=source,
        type=said.type,
        case=said.case,
        outcome=said.outcome,
        reason=said.reason,
        body=body.content if used else body.content[:KEPT_OF_UNUSED_BYTES],
        test=test,
    )


def _header(scope: Scope, name: bytes) -> bytes:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""
