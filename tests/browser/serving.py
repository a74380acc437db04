"""Runs an ASGI application in a thread of its own, on a free loopback port."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

START_WITHIN_SECONDS = 60  # a loaded machine is slow, not wrong


@contextlib.contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """The port on which the application answers. On leaving, open streams are cut at once."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(64)
        chosen = int(listening.getsockname()[1])
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
        )
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("The test's server did not start.")
            time.sleep(0.01)
        try:
            yield chosen
        finally:
            server.should_exit = True
            thread.join(START_WITHIN_SECONDS)
