"""How the stories speak HTTP, and how they wait: for what is to come true, never for a time."""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

T = TypeVar("T")
# A loaded machine; what has a promised time says so itself. A job that was lost is found by its
# mark within 90 s: whoever waited less would ask for more than is promised.
PATIENCE_S: Final = 120.0
PAUSE_S: Final = 0.03
ANSWER_WITHIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Message  # names in any case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    method: str,
    url: str,
    content: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    source: str = "127.0.0.1",
) -> Answer:
    """Any status is an answer. `source`: the address that the far side sees.

    Raises `OSError` where there is no answer.
    """
    parts = urlsplit(url)
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    kind = {} if isinstance(content, bytes) else {"Content-Type": "application/json"}
    link = HTTPConnection(
        parts.hostname or "", parts.port, timeout=ANSWER_WITHIN_S, source_address=(source, 0)
    )
    with closing(link):
        try:
            link.request(
                method,
                urlunsplit(("", "", parts.path, parts.query, "")),
                None if content is None else body,
                {**({} if content is None else kind), **(headers or {})},
            )
            answer = link.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except HTTPException as broken:
            raise ConnectionError(str(broken)) from broken


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def eventually(question: Callable[[], T], *, within: float = PATIENCE_S, what: str = "") -> T:
    """The first answer that is true, empty answers and refused connections being none yet."""
    deadline = time.monotonic() + within
    last: object = None
    while time.monotonic() < deadline:
        try:
            found = question()
        except OSError as failure:
            last = failure
        else:
            if found:
                return found
            last = found
        time.sleep(PAUSE_S)
    raise AssertionError(f"{what or 'This'} did not come true within {within:g} s: {last!r}")
