"""The program behind two API channels: takes signed callbacks, and fails at it now and then.

`plain` drops a repeated `webhook-id`, as a receiver should; `bare` cannot, and wants copies marked.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

CHANNELS: Final = ("plain", "bare")
GIVE_UP_S: Final = 12.0  # the caller has hung up by then


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that the customer has seen."""

    channel: str
    id: str  # the delivery's
    conversation: str
    text: str
    marked: bool  # "may be a repeat"
    order: int


@dataclass
class Receiver:
    trouble: float  # how often a callback goes wrong
    dice: random.Random
    secrets: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    refused: int = 0
    down_until: float = 0.0
    url: str = ""
    copies: dict[str, list[Taken]] = field(default_factory=lambda: defaultdict(list))

    async def receive(self, request: web.Request) -> web.StreamResponse:
        channel, body = request.match_info["channel"], await request.read()
        delivery = request.headers["webhook-id"]
        if not self._is_signed(channel, request, body):
            return web.Response(status=401)
        fate = self.dice.random()
        if time.monotonic() < self.down_until or fate < self.trouble * 0.6:
            self.refused += 1
            return web.Response(status=503)
        told = json.loads(body)
        if told["type"] == "message.created":
            self._take(channel, delivery, told["data"])
        if fate < self.trouble * 0.9:  # taken, and nobody hears of it
            assert request.transport is not None
            request.transport.abort()
        elif fate < self.trouble:
            await asyncio.sleep(GIVE_UP_S)
        return web.Response(status=204)

    def _take(self, channel: str, id: str, told: dict[str, object]) -> None:
        said = told["message"]
        assert isinstance(said, dict)
        seen = Taken(
            channel=channel,
            id=id,
            conversation=str(told["conversation_id"]),
            text=str(said["text"]),
            marked=bool(told.get("possible_double", False)),
            order=len(self.taken),
        )
        self.taken.append(seen)
        self.copies[id].append(seen)

    def _is_signed(self, channel: str, request: web.Request, body: bytes) -> bool:
        """By hand, as https://www.standardwebhooks.com has it."""
        words = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}."
        key = base64.b64decode(self.secrets[channel].removeprefix("whsec_"))
        made = hmac.new(key, words.encode() + body, hashlib.sha256).digest()
        wanted = f"v1,{base64.b64encode(made).decode()}"
        return wanted in request.headers["webhook-signature"].split()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    app = web.Application()
    app.router.add_post("/{channel:plain|bare}", receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield receiver
    finally:
        await runner.cleanup()
