"""Serves an instance on a port until it is told to stop."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import uvicorn

from creatio_sandbox.app import make_app
from creatio_sandbox.instance import Instance, Plan
from creatio_sandbox.wire import Wires

PATIENCE_SECONDS: Final = 1


class Address(msgspec.Struct, frozen=True):
    """What somebody needs to talk to a running sandbox; the line that --json prints."""

    url: str
    port: int
    user: str
    password: str
    client_id: str
    client_secret: str
    desk_url: str
    identity_url: str  # where tokens are given: its own port, or the same as `url`


class Server(uvicorn.Server):
    """uvicorn's, with open streams ended before it waits for connections."""

    def __init__(self, config: uvicorn.Config, instance: Instance) -> None:
        super().__init__(config)
        self.instance = instance
        self.when_started: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.when_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command line's: a sandbox also runs in a thread."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.instance.feed.close()
        await super().shutdown(sockets)


@dataclass(slots=True)
class Serving:
    """A sandbox that listens already and serves once `run` is awaited."""

    instance: Instance
    server: Server
    listeners: list[socket.socket]
    address: Address

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Until `stop`."""
        self.server.when_started = ready
        try:
            await self.server.serve(sockets=self.listeners)
        finally:
            for listener in self.listeners:
                listener.close()
            self.instance.close()

    def stop(self) -> None:
        self.server.should_exit = True


def new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def run_to_the_end(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work)


class Taken(OSError):
    """Nobody can listen there."""

    def __init__(self, why: str, port: int) -> None:
        super().__init__(why)
        self.port = port


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named outright: asyncio sends small answers at once only where the protocol says TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as failure:
        listener.close()
        raise Taken(str(failure), port) from None
    return listener


def prepare(
    plan: Plan, host: str = "127.0.0.1", port: int = 0, identity_port: int | None = None
) -> Serving:
    """Binds the ports before anything else, so that a taken one is known at once. With an
    `identity_port` tokens are given there too, and nothing but tokens.
    """
    with ExitStack() as undone:
        listeners = []
        for wanted in (port, identity_port):
            if wanted is not None:
                listeners.append(listen(host, wanted))
                undone.callback(listeners[-1].close)
        instance = Instance(plan)
        undone.pop_all()
    bound = [listener.getsockname()[1] for listener in listeners]
    wires = Wires()
    config = uvicorn.Config(
        make_app(instance, wires, bound[1] if identity_port is not None else None),
        http=wires.protocol(),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
        timeout_keep_alive=75,
        backlog=512,
    )
    shown = f"[{host}]" if ":" in host else host
    url, *others = (f"http://{shown}:{each}" for each in bound)
    known = instance.identity.credentials
    address = Address(
        url=url,
        port=bound[0],
        user=known.user,
        password=known.password,
        client_id=known.client_id,
        client_secret=known.client_secret,
        desk_url=f"{url}/desk",
        identity_url=others[0] if others else url,
    )
    return Serving(instance, Server(config, instance), listeners, address)
