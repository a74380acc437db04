"""What may go wrong in a run: where, and how. One fault strikes once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from caseway.ports import Looks
from tests.far_side import Died
from tests.stories import Story

PATIENCE_S: Final = 60  # a busy machine takes its time until the stall
REMOTE: Final = ("busy", "down", "lost before", "lost after")
SUDDEN: Final = ("die before", "die after", "stall before", "stall after")
CALLS: Final = (
    "look",
    "status",
    "find contact",
    "create contact",
    "create case",
    "create activity",
    "write status",
)
TRANSACTIONS: Final = (
    "claim",
    "load",
    "adopt",
    "note",
    "settle",
    "opening",
    "keep_contact",
    "case_made",
    "link",
    "cover",
    "status_written",
    "release",
)


@dataclass(frozen=True, slots=True)
class Fault:
    at: str  # a call, "send", or a transaction's name
    how: str

    def __repr__(self) -> str:
        return f"{self.at}: {self.how}"


FAULTS: Final = (
    *(Fault(at, how) for at in CALLS for how in (*REMOTE, *SUDDEN)),
    *(Fault("send", how) for how in (*REMOTE, *SUDDEN, "never")),
    *(Fault(at, how) for at in TRANSACTIONS for how in SUDDEN),
)


class Weather:
    """Decides how the next call or transaction ends; a stalled worker waits here."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.struck = False  # anything ever did
        self.stalled = asyncio.Event()
        self.wake = asyncio.Event()

    def fate(self, at: str) -> str:
        fault = self.fault
        if fault is None or fault.at != at:
            return "ok"
        self.fault, self.struck = None, True
        return fault.how

    async def gate(self) -> None:
        self.stalled.set()
        await self.wake.wait()

    async def strike(self, at: str, moment: str) -> None:
        fault = self.fault
        if fault is None or fault.at != at or not fault.how.endswith(moment):
            return
        self.fault, self.struck = None, True
        if fault.how.startswith("die"):
            raise Died
        await self.gate()


def fragile(looks: Looks, weather: Weather) -> Any:
    """The store's door with a place to die or stall before and after each transaction."""
    return _Fragile(looks, weather)


class _Fragile:
    def __init__(self, looks: Looks, weather: Weather) -> None:
        self._looks, self._weather = looks, weather

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        transaction = getattr(self._looks, name)

        async def passing(*args: object, **named: object) -> object:
            await self._weather.strike(name, "before")
            result: object = await transaction(*args, **named)
            await self._weather.strike(name, "after")
            return result

        return passing


def died(failure: BaseException) -> bool:
    """Whether all that came out of a run is our process's end."""
    if isinstance(failure, BaseExceptionGroup):
        return all(died(one) for one in failure.exceptions)
    return isinstance(failure, Died)


def over(story: Story) -> Weather:
    """Weather over every side of a story."""
    weather = Weather()
    story.creatio.fate, story.creatio.gate = weather.fate, weather.gate
    story.postbox.fate, story.postbox.gate = (lambda: weather.fate("send")), weather.gate
    story.looks = fragile(story.looks, weather)
    story.renew_every = timedelta(hours=1)  # a stalled worker renews nothing
    return weather


@asynccontextmanager
async def stalled(story: Story, at: str, how: str) -> AsyncIterator[None]:
    """A worker takes the next job and stalls there; it wakes up when the block ends."""
    weather = over(story)
    weather.fault = Fault(at, how)
    [key] = await story.jobs(most=1)
    run = asyncio.create_task(story.reconciler().look(key))
    async with asyncio.timeout(PATIENCE_S):
        await weather.stalled.wait()
    try:
        yield
    finally:
        weather.wake.set()
        await run


async def dies(story: Story, at: str, how: str) -> None:
    """A worker takes the next job and dies there; its job is gone with it."""
    weather = over(story)
    weather.fault = Fault(at, how)
    [key] = await story.jobs(most=1)
    try:
        await story.reconciler().look(key)
    except BaseException as failure:
        if not died(failure):
            raise
    assert weather.fault is None, "the run came there"
