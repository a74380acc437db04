"""The receiver's answers, built once: the way of a call is short and so is its cost."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from starlette.types import Message, Send

from caseway.web import problems

JSON: Final = (b"content-type", b"application/json")
PROBLEM: Final = (b"content-type", problems.MEDIA_TYPE.encode())
CLOSE: Final = (b"connection", b"close")
REMEDY: Final = (
    "Regenerate the webhook URL under Settings → Integrations → Creatio, and put the new one into "
    "the web service that Creatio's process calls."
)
METHOD: Final = "Creatio sends its notifications here by POST."
LIMITED: Final = "This connection takes {most} webhooks a minute, as its administrator has set."
BUSY: Final = "Too many notifications wait to be kept. Nothing was kept of this one: repeat it."
UNREACHABLE: Final = "The store cannot be reached. Repeat the call: a repeat does no harm."
PAGE: Final = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Caseway webhook</title></head>
<body><h1>This is where Creatio calls Caseway</h1>
<p>It takes POST requests from a business process in Creatio, not visits. Put this address into
the web service that your process calls; keep it secret, since it holds the token.</p>
</body></html>
"""

Answer = tuple[Message, Message]


def answer(status: int, content: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    length = (b"content-length", str(len(content)).encode())
    return (
        {"type": "http.response.start", "status": status, "headers": [*headers, length]},
        {"type": "http.response.body", "body": content},
    )


def refusal(status: int, detail: str, *headers: tuple[bytes, bytes]) -> Answer:
    return answer(status, problems.body(status, detail), PROBLEM, *headers)


def later(detail: str, wait: timedelta) -> Answer:
    return refusal(503, detail, (b"retry-after", problems.seconds(wait).encode()))


def too_many(most: int, wait: timedelta) -> Answer:
    retry_after = (b"retry-after", problems.seconds(wait).encode())
    return refusal(429, LIMITED.format(most=most), retry_after)


_KEPT_HEAD: Final = b'{"status": "accepted", "event_id": "'
_KEPT_START: Final = answer(200, _KEPT_HEAD + b"0" * 36 + b'"}', JSON)[0]
STRANGER: Final = answer(
    401,
    problems.body(401, "Invalid token", remedy=REMEDY),
    PROBLEM,
    (b"www-authenticate", b"Bearer"),
)
WRONG_METHOD: Final = refusal(405, METHOD, (b"allow", b"POST"))
VISITOR: Final = answer(
    405,
    PAGE,
    (b"content-type", b"text/html; charset=utf-8"),
    (b"allow", b"POST"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def accepted(event: UUID) -> Answer:
    content = _KEPT_HEAD + str(event).encode() + b'"}'
    return _KEPT_START, {"type": "http.response.body", "body": content}


def ignored(event: UUID, reason: str) -> Answer:
    told = {"status": "ignored", "reason": reason, "event_id": str(event)}
    return answer(200, msgspec.json.encode(told), JSON)


async def give(send: Send, message: Answer) -> None:
    await send(message[0])
    await send(message[1])
