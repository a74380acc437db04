"""Both ends of a reply's way: calls the webhook as Creatio does, and takes what is delivered."""

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tests.bench import rows
from tests.bench.raw_http import Asking, listen

CONNECTIONS: Final = 32
PATIENCE_S: Final = 20.0


class _Told(msgspec.Struct):
    conversation_id: str


class _Callback(msgspec.Struct):
    data: _Told


_CALLBACK: Final = msgspec.json.Decoder(_Callback)


@dataclass(slots=True)
class Exchange:
    """`took` has the seconds from a webhook's call to its reply at the callback."""

    callback: str = ""
    address: str = ""  # Caseway's, before the first call
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    strays: int = 0  # replies that nobody waited for
    _sent_at: dict[str, float] = field(default_factory=dict)
    _hopes: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _idle: deque[Asking] = field(default_factory=deque)
    _waiting: deque[bytes] = field(default_factory=deque)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def outstanding(self) -> int:
        return len(self._sent_at)

    async def steady(self, calls: list[bytes], numbers: range, *, a_second: float) -> None:
        """One call each at its time, whatever became of the others; ends when all are answered."""
        await self._dial()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for position, number in enumerate(numbers):
            pause = began + position / a_second - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            self._call(number, calls[number])
        await self._settled(0)

    async def saturate(
        self, calls: list[bytes], numbers: Iterable[int], *, at_once: int, seconds: float
    ) -> None:
        """So many calls are always under way; each reply makes room for the next call."""
        await self._dial()
        until = time.perf_counter() + seconds
        for number in numbers:
            if time.perf_counter() > until:
                return
            while self.outstanding >= at_once:
                await self._settled(at_once - 1)
            self._call(number, calls[number])

    async def settle(self) -> None:
        await self._settled(0)

    async def _settled(self, most: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.outstanding > most:
                self._arrived.clear()
                await self._arrived.wait()

    def expect(self, conversation: str) -> "asyncio.Future[None]":
        """Done when this conversation's next reply arrives; somebody else makes it come."""
        self._sent_at[conversation] = time.perf_counter()
        hope = self._hopes[conversation] = asyncio.get_running_loop().create_future()
        return hope

    def _call(self, number: int, call: bytes) -> None:
        key = rows.conversation(number)
        if key in self._sent_at:
            return
        self._sent_at[key] = time.perf_counter()
        if self._idle:
            self._idle.popleft().ask(call)
        else:
            self._waiting.append(call)

    def _answered(self, asking: Asking, status: int) -> None:
        self.statuses[status] += 1
        if self._waiting:
            asking.ask(self._waiting.popleft())
        else:
            self._idle.append(asking)

    def _delivered(self, _method: str, _target: str, body: bytes) -> tuple[int, bytes]:
        key = _CALLBACK.decode(body).data.conversation_id
        sent_at = self._sent_at.pop(key, None)
        if sent_at is None:
            self.strays += 1
        else:
            self.took.append(time.perf_counter() - sent_at)
        if (hope := self._hopes.pop(key, None)) is not None:
            hope.set_result(None)
        self._arrived.set()
        return 200, b"{}"

    async def _dial(self) -> None:
        """Whole again: a server hangs up on callers who are silent for a few seconds."""
        self._idle = deque(asking for asking in self._idle if asking.lives)
        parts = urlsplit(self.address)
        loop = asyncio.get_running_loop()
        while len(self._idle) < CONNECTIONS:
            _, asking = await loop.create_connection(
                lambda: Asking(self._answered), parts.hostname or "", parts.port or 80
            )
            self._idle.append(asking)

    def hang_up(self) -> None:
        for asking in self._idle:
            if asking.lives:
                asking.close()


@asynccontextmanager
async def open_exchange() -> AsyncIterator[Exchange]:
    """Its callback listens."""
    found = Exchange()
    server, found.callback = await listen(found._delivered)
    async with server:
        yield found
        found.hang_up()


def calls(token: str, conversations: int) -> list[bytes]:
    """The webhook's call for each case, by its number, ready for the wire."""
    head = (
        f"POST /backend/creatio/webhook/{token} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
    )
    made = []
    for number in range(conversations):
        body = f'{{"event_type": "new_activity", "caseId": "{rows.case(number)}"}}'
        made.append(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return made


def round_robin(conversations: int) -> Iterable[int]:
    return itertools.cycle(range(conversations))
