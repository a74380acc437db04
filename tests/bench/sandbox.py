"""The same way through the real sandbox: agents write, its business process calls us."""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.bench.exchange import Exchange, open_exchange
from tests.bench.figures import Figure, Report, percentile
from tests.bench.ground import NAME, open_ground
from tests.bench.processes import running, said

SANDBOX: Final = (
    *(sys.executable, "-m", "creatio_sandbox", "--json", "--port", "0"),
    *("--client-id", NAME, "--client-secret", NAME),
)
CUSTOMERS: Final = 64
AGENTS: Final = 16
PATIENCE_S: Final = 60.0


async def measure(*, quick: bool) -> Report:
    seconds = 4.0 if quick else 12.0
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "sandbox.log")
        async with open_exchange() as exchange, running(SANDBOX, words) as creatio:
            url = str(json.loads((await said(creatio, r"\{.*\}\n"))[0])["url"])
            async with open_ground(url, exchange.callback) as ground, ground.serve() as served:
                key = {"X-Sandbox-Key": NAME}
                async with aiohttp.ClientSession(headers=key) as desk:
                    hook = f"{served.address}/backend/creatio/webhook/{ground.token}"
                    await _put(desk, f"{url}/sandbox/webhook", {"url": hook})
                    talks = await _customers_write(served.address, ground.api_key)
                    cases = await _cases(desk, url, len(talks))
                    agents = Agents(desk, url, exchange)
                    cpu = creatio.cpu_s, served.process.cpu_s
                    began = time.perf_counter()
                    await agents.write(cases, talks, seconds)
                    took = time.perf_counter() - began
                    many = len(exchange.took)
                    spent = creatio.cpu_s - cpu[0], served.process.cpu_s - cpu[1]
    return Report(
        bench="sandbox",
        setup=(
            f"one serve, the real sandbox in memory, {AGENTS} agents who write task after task on "
            f"{CUSTOMERS} cases for {seconds:.0f} s; a reply is written, told, read and delivered"
        ),
        figures=[
            Figure("replies a second", many / took, "/s"),
            Figure(
                "agent's click to callback, median", 1000 * percentile(exchange.took, 0.5), "ms"
            ),
            Figure("agent's click to callback, 99th", 1000 * percentile(exchange.took, 0.99), "ms"),
            Figure("the sandbox's processor time, a reply", 1000 * spent[0] / many, "ms"),
            Figure("serve's processor time, a reply", 1000 * spent[1] / many, "ms"),
        ],
        quick=quick,
    )


class Agents:
    """Each writes on a case of its own, and the next one when the customer has it."""

    def __init__(self, desk: aiohttp.ClientSession, url: str, exchange: Exchange) -> None:
        self._desk = desk
        self._url = url
        self._exchange = exchange

    async def write(self, cases: list[str], talks: list[str], seconds: float) -> None:
        until = time.perf_counter() + seconds
        pairs = list(zip(cases, talks, strict=True))
        async with asyncio.TaskGroup() as tasks:
            for first in range(AGENTS):
                tasks.create_task(self._one(pairs[first::AGENTS], until))

    async def _one(self, pairs: list[tuple[str, str]], until: float) -> None:
        while True:
            for case, talk in pairs:
                if time.perf_counter() > until:
                    return
                arrived = self._exchange.expect(talk)
                text = {"text": "The pads are on their way."}
                await _post(self._desk, f"{self._url}/sandbox/desk/cases/{case}/task", text)
                async with asyncio.timeout(PATIENCE_S):
                    await arrived


async def _customers_write(address: str, api_key: str) -> list[str]:
    """One conversation each, oldest first."""
    found = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {api_key}"}) as client:
        for number in range(CUSTOMERS):
            asked = {
                "channel": "api",
                "contact": {"name": f"Customer {number}", "email": f"c{number}@example.com"},
                "message": {"text": f"customer {number:03}"},
            }
            told = await _post(client, f"{address}/api/v1/conversations", asked)
            found.append(str(told["id"]))
    return found


async def _cases(desk: aiohttp.ClientSession, url: str, many: int) -> list[str]:
    """Their ids in the order of the customers, once all exist."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with desk.get(f"{url}/sandbox/desk/cases") as answer:
                listed: list[dict[str, str]] = await answer.json()
            shown = [(one["subject"], one["id"]) for one in listed]
            ours = sorted(one for one in shown if one[0].startswith("customer "))
            if len(ours) == many:
                return [case for _, case in ours]
            await asyncio.sleep(0.1)


async def _post(client: aiohttp.ClientSession, address: str, body: dict[str, Any]) -> Any:
    async with client.post(address, json=body) as answer:
        answer.raise_for_status()
        return await answer.json()


async def _put(client: aiohttp.ClientSession, address: str, body: dict[str, Any]) -> None:
    async with client.put(address, json=body) as answer:
        answer.raise_for_status()
