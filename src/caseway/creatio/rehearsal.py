"""A call to our own webhook, as Creatio's process makes it, by the address that Creatio has.

It proves that the address leads here, that the token holds and that events are kept. It does not
prove that Creatio reaches the address, nor that a process calls it: only an arrival does.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import msgspec
from yarl import URL

from caseway.domain.guide import NEW_ACTIVITY
from caseway.domain.secret import Secret
from caseway.outbound import NoAnswer, NotReached, Outside
from caseway.ports import Rehearsed

WITHIN_SECONDS: Final = 10.0
LIMIT_BYTES: Final = 64 * 1024
HEADERS: Final = {"Content-Type": "application/json", "Caseway-Test": "1"}


class _Answered(msgspec.Struct):
    event_id: UUID | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answered)


class WebhookRehearsal:
    """`url` makes the webhook's address of a token. It is the operator's own setting, so `outside`
    may go wherever it leads.
    """

    def __init__(self, outside: Outside, url: Callable[[Secret], Secret]) -> None:
        self._outside = outside
        self._url = url

    async def call(self, token: Secret) -> Rehearsed:
        begin = time.monotonic()
        try:
            answer = await self._outside.ask(
                "POST",
                URL(self._url(token).reveal()),
                headers=HEADERS,
                body=msgspec.json.encode({"event_type": NEW_ACTIVITY, "caseId": str(uuid4())}),
                within_seconds=WITHIN_SECONDS,
                limit_bytes=LIMIT_BYTES,
            )
        except (NotReached, NoAnswer) as failure:
            return Rehearsed(None, None, _since(begin), str(failure))
        return Rehearsed(answer.status, _event(answer.body), _since(begin), "")


def _event(body: bytes) -> UUID | None:
    """None: whatever answered there, it was not our webhook."""
    try:
        return _ANSWER.decode(body).event_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _since(begin: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - begin)
