"""The far end of a webhook: a real server that answers as it is told and remembers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    url: str = ""
    answers: list[int | None] = field(default_factory=list)  # None: no answer; then 200 for ever
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]

    def events(self) -> list[tuple[str, str]]:
        return [(body["event_type"], body["caseId"]) for body in self.bodies]


@contextmanager
def receiving() -> Iterator[Receiver]:
    known = Receiver()
    lock = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                known.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = known.answers.pop(0) if known.answers else 200
            if status is None:
                known.released.wait(30)
                self.close_connection = True
                return
            answer = b'{"status": "accepted"}'
            self.send_response(status)
            if status == 307:
                self.send_header("Location", known.url)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `received` instead."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    known.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        known.released.set()
        server.shutdown()
        server.server_close()


def eventually(condition: Callable[[], object], patience: float = 20.0) -> None:
    """Waits for a condition, at most so many seconds."""
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "it did not become true in time"
        time.sleep(0.01)
