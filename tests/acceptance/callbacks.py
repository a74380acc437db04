"""The far side of an API channel: takes callbacks, believes only those that are signed."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from tests.acceptance.far import PATIENCE_S, eventually

OLDEST_S: Final = 300


@dataclass(frozen=True, slots=True)
class Callback:
    id: str  # the delivery's: the same on each attempt
    type: str
    conversation: str
    text: str
    author: str
    possible_double: bool
    arrived: float  # time.monotonic()

    @classmethod
    def read(cls, id: str, body: bytes) -> Self:
        told = json.loads(body)
        said: dict[str, Any] = told["data"].get("message", {})
        return cls(
            id=id,
            type=told["type"],
            conversation=told["data"].get("conversation_id", ""),  # a test has none
            text=said.get("text", ""),
            author=said.get("author", ""),
            possible_double=told["data"].get("possible_double", False),
            arrived=time.monotonic(),
        )


@dataclass
class Callbacks:
    """`taken` was answered 204; `refused` got the status in `answers`, or 401 for its signature."""

    url: str
    secrets: set[str] = field(default_factory=set)
    answers: list[int] = field(default_factory=list)  # of the next callbacks; empty: 204
    # Of the next ones of a conversation: those of others come whenever they like.
    answers_to: dict[str, list[int]] = field(default_factory=dict)
    taken: list[Callback] = field(default_factory=list)
    refused: list[Callback] = field(default_factory=list)
    held: list[Callback] = field(default_factory=list)  # never answered
    holding: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def of(self, conversation: str, type: str = "message.created") -> list[Callback]:
        """Those taken, repeats dropped as any receiver does."""
        found = {c.id: c for c in reversed(self.taken) if c.conversation == conversation}
        return [c for c in reversed(found.values()) if c.type == type]

    def texts(self, conversation: str) -> list[str]:
        return [c.text for c in self.of(conversation)]

    def wait_for(
        self, conversation: str, *texts: str, within: float = PATIENCE_S
    ) -> list[Callback]:
        """Until these and no others came, in this order."""
        eventually(
            lambda: self.texts(conversation) == list(texts),
            within=within,
            what=f"{texts} as the replies to {conversation} (there are {self.texts(conversation)})",
        )
        return self.of(conversation)

    def wait_for_the_closure(self, conversation: str) -> Callback:
        return eventually(
            lambda: self.of(conversation, "conversation.resolved"), what="the closing callback"
        )[0]

    def judge(self, headers: Any, body: bytes) -> int:
        callback = Callback.read(headers["webhook-id"], body)
        if not self.is_signed(headers, body):
            self.refused.append(callback)
            return 401
        if self.holding.is_set():
            self.held.append(callback)
            self.let_go.wait(60)
            return 0
        answers = self.answers_to.get(callback.conversation) or self.answers
        status = answers.pop(0) if answers else 204
        (self.taken if status < 300 else self.refused).append(callback)
        return status

    def is_signed(self, headers: Any, body: bytes) -> bool:
        """By hand, as https://www.standardwebhooks.com has it; not by the library that signs."""
        moment = headers["webhook-timestamp"]
        if abs(time.time() - int(moment)) > OLDEST_S:
            return False
        signed = f"{headers['webhook-id']}.{moment}.".encode() + body
        given = {
            part.removeprefix("v1,")
            for part in headers["webhook-signature"].split()
            if part.startswith("v1,")
        }
        for secret in self.secrets:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            if any(hmac.compare_digest(expected, one) for one in given):
                return True
        return False


@contextmanager
def receiving() -> Iterator[Callbacks]:
    """On a free port of this machine, in threads of its own."""

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = callbacks.judge(self.headers, body)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A caller that was killed in the middle is part of the story."""

    with Server(("127.0.0.1", 0), Endpoint) as server:
        callbacks = Callbacks(f"http://127.0.0.1:{server.server_address[1]}/callback")
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        try:
            yield callbacks
        finally:
            callbacks.let_go.set()
            server.shutdown()
            serving.join()
