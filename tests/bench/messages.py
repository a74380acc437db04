"""What a customer's message costs of Creatio's plan: written by the API, counted over there."""

import asyncio
import time
from typing import Final

import aiohttp

from tests.bench import rows
from tests.bench.scene import Scene

MESSAGES: Final = 200
AT_ONCE: Final = 8
PATIENCE_S: Final = 30.0


async def calls_a_message(scene: Scene) -> float:
    """Each in a conversation of its own, so that no two share a request. A batch costs its parts."""
    before = await scene.creatio_counts()
    gate = asyncio.Semaphore(AT_ONCE)
    bearer = {"Authorization": f"Bearer {scene.ground.api_key}"}
    async with aiohttp.ClientSession(headers=bearer) as client, asyncio.TaskGroup() as tasks:

        async def write(number: int) -> None:
            address = f"{scene.served.address}/api/v1/conversations/{rows.conversation(number)}"
            async with (
                gate,
                client.post(f"{address}/messages", json={"text": "And when?"}) as answer,
            ):
                answer.raise_for_status()

        for number in range(MESSAGES):
            tasks.create_task(write(number))
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        now = await scene.creatio_counts()
        if now.get("created", 0) - before.get("created", 0) >= MESSAGES:
            break
        await asyncio.sleep(0.05)
    else:
        raise TimeoutError("the messages did not become activities")
    kinds = ("batch_parts", "look", "case", "create")
    return sum(now.get(kind, 0) - before.get(kind, 0) for kind in kinds) / MESSAGES
