"""Customers who write by the API, and agents who answer in the sandbox."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from tests.faults.processes import Installation
from tests.faults.receiver import CHANNELS

AGAIN_AFTER_S: Final = 0.2
AT_ONCE: Final = 24


@dataclass
class Talk:
    """One customer's conversation, and what has been written on both sides of it."""

    name: str  # in every text, so that each is told apart
    channel: str
    conversation: str = ""
    case: str = ""
    messages: list[str] = field(default_factory=list)  # acknowledged, in order
    replies: list[str] = field(default_factory=list)  # in Creatio, in order

    def message(self, n: int) -> str:
        return f"{self.name} message {n}"

    def reply(self, n: int) -> str:
        return f"{self.name} reply {n}"


def talks(count: int, *, bare: bool) -> list[Talk]:
    kinds = CHANNELS if bare else CHANNELS[:1]
    return [Talk(f"c{n:04}", kinds[n % len(kinds)]) for n in range(count)]


class People:
    def __init__(self, installation: Installation, dice: random.Random) -> None:
        self._installation = installation
        self._dice = dice
        self._api = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {installation.key}"},
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            timeout=aiohttp.ClientTimeout(total=20),
        )
        self._desk = aiohttp.ClientSession(
            headers=installation.at_desk,
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            timeout=aiohttp.ClientTimeout(total=60),
        )
        self._room = asyncio.Semaphore(AT_ONCE)
        self.repeated = 0  # messages that a customer's program sent again

    async def close(self) -> None:
        await self._api.close()
        await self._desk.close()

    async def write(self, talk: Talk, n: int) -> None:
        """Until it is acknowledged: whoever gets no answer asks again, with the same ids."""
        text = talk.message(n)
        words = {
            "channel": talk.channel,
            "contact": {"external_id": talk.name, "name": f"Customer {talk.name}"},
            "message": {"text": text, "external_id": f"{talk.name}/{n}"},
        }
        async with self._room:
            began = await self._until_kept(words)
            if self._dice.random() < 0.1:
                self.repeated += 1
                again = await self._until_kept(words)
                assert again["id"] == began["id"], "a repeat went to another conversation"
        assert talk.conversation in {"", began["id"]}, f"{text} began a second conversation"
        talk.conversation = began["id"]
        talk.messages.append(text)

    async def _until_kept(self, words: dict[str, Any]) -> Any:
        while True:
            try:
                async with self._api.post(
                    f"{self._installation.url}/api/v1/conversations", json=words
                ) as answer:
                    if answer.status in {200, 201}:
                        return await answer.json()
                    assert answer.status in {409, 429, 503}, await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                pass  # it is being killed, or begun again
            self.repeated += 1
            await asyncio.sleep(AGAIN_AFTER_S)

    async def answer(self, talk: Talk, n: int) -> None:
        """An agent's reply, as a task on the case."""
        text = talk.reply(n)
        await self._at_desk("POST", f"desk/cases/{talk.case}/task", {"text": text})
        talk.replies.append(text)

    async def find_cases(self, every: list[Talk]) -> None:
        """Agents see the cases on their desk; the subject begins with the customer's name."""
        by_name = {talk.name: talk for talk in every}
        for case in await self._at_desk("GET", "desk/cases?limit=20000"):
            talk = by_name.get(case["subject"].partition(" ")[0])
            if talk is not None and not talk.case:
                talk.case = case["id"]

    async def weather(self, **faults: object) -> None:
        await self._at_desk("PUT", "faults", faults)

    async def _at_desk(self, method: str, path: str, content: object = None) -> Any:
        url = f"{self._installation.sandbox['url']}/sandbox/{path}"
        async with self._room, self._desk.request(method, url, json=content) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def activities(self) -> list[dict[str, Any]]:
        """All of them as OData shows them, in the order of a timeline."""
        credentials = self._installation.sandbox
        root = credentials["url"]
        asked = {
            "grant_type": "client_credentials",
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
        }
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            async with session.post(f"{root}/connect/token", data=asked) as answer:
                token = (await answer.json())["access_token"]
            fields = "Id,CaseId,DetailedResult,CreatedOn"
            url = f"{root}/0/odata/Activity?$select={fields}&$orderby=CreatedOn,Id&$top=20000"
            async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
                assert answer.status == 200, await answer.text()
                rows: list[dict[str, Any]] = (await answer.json())["value"]
                return rows

    async def ledger(self, talk: Talk) -> tuple[list[Any], str]:
        """Caseway's own account: its messages in order, and the conversation's case."""
        root = f"{self._installation.url}/api/v1/conversations/{talk.conversation}"
        async with self._room:
            async with self._api.get(f"{root}/messages?limit=200") as answer:
                assert answer.status == 200, await answer.text()
                said: list[Any] = (await answer.json())["items"]
            async with self._api.get(root) as answer:
                assert answer.status == 200, await answer.text()
                case = (await answer.json())["case"]
        return said, case["id"] if case else ""


async def paced(work: Sequence[Callable[[], Awaitable[None]]], a_second: float) -> None:
    """Begins one after the other at that rate, whatever each takes; 0: as fast as they end."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for n, each in enumerate(work):
            if a_second:
                ahead = began + n / a_second - time.monotonic()
                if ahead > 0:
                    await asyncio.sleep(ahead)
            tasks.create_task(_of(each))


async def _of(work: Callable[[], Awaitable[None]]) -> None:
    await work()
