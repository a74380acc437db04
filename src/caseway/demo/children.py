"""Caseway as a child of the demo: begun again when killed, stopped when the demo is."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from caseway.config import Settings

LOOPBACK: Final = "127.0.0.0/8"
READY_WITHIN_S: Final = 180.0  # a busy machine makes the first database for more than a minute
STOP_WITHIN_S: Final = 25.0


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("CASEWAY_")},
        "CASEWAY_CONFIG": str(settings.data),  # no file of another installation
        "CASEWAY_DATA": str(settings.data),
        "CASEWAY_SECRET_KEY_FILE": str(settings.secret_key_file),
        "CASEWAY_ALLOWED_NETWORKS": LOOPBACK,
        "CASEWAY_BASE_URL": settings.base_url,
        "CASEWAY_LOG_LEVEL": os.environ.get("CASEWAY_LOG_LEVEL", "warning"),
    }


async def keep_serving(
    settings: Settings, listening: socket.socket, facts: Path, stopping: asyncio.Event
) -> None:
    """Begins Caseway again whenever it dies: the demo has a button that kills it."""
    while not stopping.is_set():
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "caseway", "serve"),
            *("--fd", str(listening.fileno()), "--demo-facts", str(facts)),
            env=_environment(settings),
            pass_fds=(listening.fileno(),),
            start_new_session=True,
        )
        ended = asyncio.create_task(child.wait())
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if stopping.is_set():
            await stop(child)
        elif child.returncode and child.returncode > 0:
            say("Caseway ended by itself; the reason is above.")
            stopping.set()
        else:
            say("Caseway was killed: starting it again.")
        await ended


async def stop(child: asyncio.subprocess.Process, *, within_s: float = STOP_WITHIN_S) -> None:
    """By SIGTERM, and after a while by SIGKILL."""
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(within_s):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
