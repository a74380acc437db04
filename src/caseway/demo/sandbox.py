"""The demo's Creatio: the stand-in, as a process of its own."""

import asyncio
import json
import os
import secrets
import socket
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from caseway.bootstrap import CannotOpen
from caseway.config import Settings
from caseway.demo.children import READY_WITHIN_S, stop

AGENT: Final = "Supervisor"  # both name and password
COLLEAGUES: Final = "Clara Brandt, Ben Osei"  # to whom a case is assigned; the same password


@dataclass(frozen=True, slots=True)
class Sandbox:
    url: str
    desk_url: str
    user: str
    password: str
    client_id: str
    client_secret: str


def plan_sandbox(opened: AsyncExitStack, settings: Settings) -> Sandbox:
    """Where it will be, so that Caseway can start beside it instead of after it.

    Its secrets are kept, so that the next demo finds the sandbox it left.
    """
    kept = _kept_secrets(settings.data / "sandbox.json")
    free = socket.socket()
    free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    free.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{free.getsockname()[1]}"
    if sys.platform == "linux":
        # The port is nobody else's until the sandbox listens beside this socket, which does not.
        opened.callback(free.close)
    else:
        free.close()
    return Sandbox(
        url=url,
        desk_url=f"{url}/desk",
        user=AGENT,
        password=AGENT,
        client_id=kept["client_id"],
        client_secret=kept["client_secret"],
    )


def _kept_secrets(file: Path) -> dict[str, str]:
    with suppress(FileNotFoundError):
        found: dict[str, str] = json.loads(file.read_text("utf-8"))
        return found
    made = {"client_id": secrets.token_hex(16), "client_secret": secrets.token_urlsafe(32)}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(made, opened)
    return made


async def start_sandbox(opened: AsyncExitStack, settings: Settings, planned: Sandbox) -> None:
    """Until it answers. Raises `CannotOpen`."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "creatio_sandbox", "--json", "--desk-open"),
        *("--port", planned.url.rpartition(":")[2]),
        *("--data", str(settings.data / "sandbox.sqlite")),
        *("--user", planned.user, "--password", planned.password, "--agents", COLLEAGUES),
        # One argument each: a secret may begin with a hyphen, and looks like an option by itself.
        *(f"--client-id={planned.client_id}", f"--client-secret={planned.client_secret}"),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours to pass on, in our order
    )
    opened.push_async_callback(stop, child)
    if child.stdout is None:
        raise AssertionError("a pipe was asked for")
    async with asyncio.timeout(READY_WITHIN_S):
        line = await child.stdout.readline()
    if not line:
        raise CannotOpen("The sandbox did not start; the reason is above.")


async def tell_sandbox(sandbox: Sandbox, webhook_url: str) -> None:
    """The two business processes that call us, as an administrator would make them."""
    known = {"Authorization": aiohttp.encode_basic_auth(sandbox.user, sandbox.password)}
    async with (
        aiohttp.ClientSession(headers=known) as session,
        session.put(f"{sandbox.url}/sandbox/webhook", json={"url": webhook_url}) as answer,
    ):
        answer.raise_for_status()
