"""Everything that a reply passes, running: webhooks' caller, serve, a thin Creatio, callback."""

import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from tests.bench import rows
from tests.bench.exchange import Exchange, calls, open_exchange
from tests.bench.ground import CASEWAY, Ground, Served, open_ground
from tests.bench.processes import running, said

THIN: Final = (sys.executable, "-m", "tests.bench.thin_creatio")
CONVERSATIONS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Scene:
    ground: Ground
    served: Served
    exchange: Exchange
    creatio_url: str
    calls: list[bytes]

    async def creatio_counts(self) -> dict[str, int]:
        """Requests that Creatio's side answered, by kind."""
        address = f"{self.creatio_url}/counts"
        async with aiohttp.ClientSession() as client, client.get(address) as answer:
            found: dict[str, int] = await answer.json()
            return found


@asynccontextmanager
async def open_scene(
    conversations: int = CONVERSATIONS,
    messages: int = 1,
    *,
    postgres: Mapping[str, str] | None = None,
    under: tuple[str, ...] = CASEWAY,
) -> AsyncIterator[Scene]:
    """`postgres`: settings beside those that we ship; `under`: how `caseway` is run."""
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "thin_creatio.log")
        async with open_exchange() as exchange, running(THIN, words) as creatio:
            url = (await said(creatio, r"(http://\S+)\n"))[1]
            async with open_ground(url, exchange.callback, postgres=postgres) as ground:
                await rows.write(ground, conversations, messages)
                async with ground.serve(under=under) as served:
                    exchange.address = served.address
                    made = calls(ground.token, conversations)
                    yield Scene(ground, served, exchange, url, made)
