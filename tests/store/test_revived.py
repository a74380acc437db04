"""A database server that is killed under a running process comes back by itself."""

import asyncio
import os
import signal
import time
from pathlib import Path

import asyncpg

from caseway.bootstrap import open_database
from caseway.config import load


def _postmaster(folder: Path) -> int:
    [file] = folder.rglob("postmaster.pid")
    return int(file.read_text().split("\n", 1)[0])


async def test_a_killed_server_answers_again(embedded_folder: Path) -> None:
    settings = load(data=embedded_folder, secret_key_file=embedded_folder / "secret.key")
    async with open_database(settings) as dsn:
        os.kill(_postmaster(embedded_folder), signal.SIGKILL)
        end = time.monotonic() + 60
        while True:
            try:
                link = await asyncpg.connect(dsn, timeout=5)
                break
            except (OSError, asyncpg.PostgresError, TimeoutError):
                assert time.monotonic() < end, "it never came back"
                await asyncio.sleep(0.2)
        assert await link.fetchval("SELECT 1") == 1
        await link.close()
