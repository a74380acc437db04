"""wrk, a compiled load generator: found, installed where we may, or named as missing."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

SCRIPT: Final = Path(__file__).with_name("webhooks.lua")
GRACE_S: Final = 20.0
REMEDY: Final = "wrk is not here; on Debian and Ubuntu: apt-get install wrk"


class Missing(Exception):
    """There is no wrk; the text says why and what to do."""


class Load(msgspec.Struct):
    """What wrk saw; times in ms, of all answers."""

    answered: int
    refused: int  # of the answered: any status but 2xx
    lost: int  # no answer
    seconds: float
    p50: float
    p99: float

    @property
    def good_a_second(self) -> float:
        return (self.answered - self.refused) / self.seconds


def find() -> str:
    """Raises `Missing`."""
    if found := shutil.which("wrk"):
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Missing(REMEDY)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"),
    ):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"{REMEDY} (tried it: {done.stderr.strip().splitlines()[-1:]})")
    return shutil.which("wrk") or REMEDY


async def load(
    wrk: str, address: str, path: str, bodies: Path, *, callers: int, seconds: float
) -> Load:
    """So many callers at once, each with its next call as soon as it has its answer."""
    parts = urlsplit(address)
    child = await asyncio.create_subprocess_exec(
        *(wrk, "-t1", f"-c{callers}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(SCRIPT)),
        *(f"{parts.scheme}://{parts.netloc}", "--", path, str(bodies)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds + GRACE_S):
            said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    _, _, found = said.decode().partition("FOUND ")
    return msgspec.json.decode(found.strip().encode(), type=Load)
