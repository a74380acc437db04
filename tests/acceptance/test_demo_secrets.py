"""The demo starts whatever secrets chance gives it."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiohttp

from caseway.config import load
from caseway.demo.sandbox import plan_sandbox, start_sandbox


async def test_a_secret_that_begins_with_a_hyphen_is_no_option(tmp_path: Path) -> None:
    settings = load(data=tmp_path, secret_key_file=tmp_path / "secret.key", database_url=None)
    async with AsyncExitStack() as opened:
        found = plan_sandbox(opened, settings)
        planned = replace(found, client_secret="-u9sT", client_id="-me")
        asked = {
            "grant_type": "client_credentials",
            "client_id": planned.client_id,
            "client_secret": planned.client_secret,
        }
        await start_sandbox(opened, settings, planned)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{planned.url}/connect/token", data=asked) as answer,
        ):
            assert (await answer.json())["access_token"]
