"""The whole system on one machine: a sandbox Creatio, Caseway, sample channels, and links.

This process keeps the others: it holds the listening socket, so that nobody is refused while
Caseway is killed and begun again, and it stops everything when it is told to.
"""

import asyncio
import json
import os
import signal
import socket
import time
from contextlib import AsyncExitStack, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import aiohttp

from caseway.bootstrap import CannotOpen, open_store
from caseway.config import Settings, load
from caseway.demo.children import LOOPBACK, READY_WITHIN_S, keep_serving, say
from caseway.demo.links import as_facts, show, write_facts
from caseway.demo.sample import configure
from caseway.demo.sandbox import plan_sandbox, start_sandbox, tell_sandbox
from caseway.store.embedded import CannotStart

USUAL_PORT: Final = 8080
DONE: Final = 0
FAILED: Final = 1


async def run_demo(data: Path | None, *, port: int, callback_url: str, as_json: bool) -> int:
    """Until Ctrl-C or SIGTERM; then everything that was started is stopped."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    try:
        return await _run(
            data, port=port, callback_url=callback_url, as_json=as_json, stopping=stopping
        )
    except (CannotOpen, CannotStart):
        # A terminal's Ctrl-C also ends what we had begun: that is no failure.
        if not stopping.is_set():
            raise
        say("Stopped before everything was up.")
        return DONE


async def _run(
    data: Path | None, *, port: int, callback_url: str, as_json: bool, stopping: asyncio.Event
) -> int:
    began = time.monotonic()
    listening = _listen(port)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = _settings(data, base)
    say(f"Starting Caseway with its data in {settings.data}")
    async with AsyncExitStack() as opened:
        opened.callback(listening.close)
        sandbox = plan_sandbox(opened, settings)
        sandbox_starts = asyncio.create_task(start_sandbox(opened, settings, sandbox))
        opened.push_async_callback(_dropped, sandbox_starts)
        store = await opened.enter_async_context(open_store(settings))
        say(f"PostgreSQL is up ({_since(began)})")
        found = await configure(store, settings, sandbox, base, callback_url)
        facts = write_facts(settings, store, sandbox, found)
        keeping = asyncio.create_task(keep_serving(settings, listening, facts, stopping))
        opened.push_async_callback(_ended, keeping)
        opened.callback(stopping.set)
        await sandbox_starts
        say(f"The sandbox is up ({_since(began)})")
        await tell_sandbox(sandbox, found.webhook_url)
        if not await _answers(base, stopping):
            return FAILED if not stopping.is_set() else DONE
        say(f"Everything is up ({_since(began)})")
        if as_json:
            print(json.dumps(as_facts(base, sandbox, found)), flush=True)  # noqa: T201
        else:
            show(base, sandbox, found)
        await stopping.wait()
        say("Stopping.")
    return DONE


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _listen(port: int) -> socket.socket:
    for wanted in (port, 0) if port == USUAL_PORT else (port,):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", wanted))
        except OSError:
            made.close()
            continue
        made.listen(2048)
        made.set_inheritable(True)
        return made
    raise CannotOpen(f"Port {port} is in use. Choose another with --port, or 0 for a free one.")


def _settings(data: Path | None, base: str) -> Settings:
    """The demo is apart from any installation: a folder, a key and networks of its own."""
    folder = (data or _usual_folder()).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise CannotOpen(
            f"{folder} cannot be the demo's folder ({failure.strerror}). Name one that you may "
            "write in: --data."
        ) from failure
    return load(
        data=folder,
        secret_key_file=folder / "secret.key",
        allowed_networks=(ip_network(LOOPBACK),),
        base_url=base,
        database_url=None,
    )


def _usual_folder() -> Path:
    if os.geteuid() == 0:  # PostgreSQL runs as nobody then, who must be able to walk there
        return Path("/var/lib/caseway-demo")
    named = os.environ.get("XDG_DATA_HOME", "")
    return (Path(named) if named else Path.home() / ".local/share") / "caseway-demo"


async def _dropped(task: "asyncio.Task[None]") -> None:
    """Where something else has failed first, nobody waits for it."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ended(task: "asyncio.Task[None]") -> None:
    await task


async def _answers(base: str, stopping: asyncio.Event) -> bool:
    """Whether Caseway is ready before long."""
    until = time.monotonic() + READY_WITHIN_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while time.monotonic() < until and not stopping.is_set():
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{base}/readyz") as answer:
                    if answer.status == 200:
                        return True
            await asyncio.sleep(0.05)
    return False
