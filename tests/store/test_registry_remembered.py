"""A memory that is never older than it may be, and asks once for all who wait."""

import asyncio
from datetime import timedelta

import pytest

from caseway.store.remembered import Remembered

TTL = timedelta(seconds=5)


class Source:
    """A far side that changes, fails and takes its time as the test wants."""

    def __init__(self) -> None:
        self.value = 1
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.failing = False

    async def ask(self, _key: str) -> int:
        self.asked += 1
        value = self.value
        await self.open.wait()
        if self.failing:
            raise OSError("gone")
        return value


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def memory(source: Source) -> Remembered[str, int]:
    return Remembered(source.ask, TTL, clock=lambda: 0.0, most=3)


async def asked(source: Source, times: int) -> None:
    async with asyncio.timeout(10):
        while source.asked < times:
            await asyncio.sleep(0)


async def test_many_who_wait_are_answered_by_one_question(
    source: Source, memory: Remembered[str, int]
) -> None:
    source.open.clear()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(memory.get("a")) for _ in range(50)]
        await asked(source, 1)
        source.open.set()
    assert {task.result() for task in waiting} == {1}
    assert source.asked == 1


async def test_an_answer_that_a_change_overtook_is_not_kept(
    source: Source, memory: Remembered[str, int]
) -> None:
    source.open.clear()
    async with asyncio.TaskGroup() as group:
        early = group.create_task(memory.get("a"))
        await asked(source, 1)
        source.value = 2
        memory.forget()
        late = group.create_task(memory.get("a"))
        await asyncio.sleep(0)
        source.open.set()
    assert early.result() == 1  # it asked before the change
    assert late.result() == 2
    assert await memory.get("a") == 2


async def test_a_failure_is_not_kept_and_not_shared(
    source: Source, memory: Remembered[str, int]
) -> None:
    source.failing = True
    source.open.clear()
    first, second = (asyncio.ensure_future(memory.get("a")) for _ in range(2))
    await asked(source, 1)
    source.open.set()
    with pytest.raises(OSError, match="gone"):
        await first
    with pytest.raises(OSError, match="gone"):
        await second
    assert source.asked == 2
    source.failing = False
    assert await memory.get("a") == 1


async def test_whoever_is_cancelled_takes_nobody_along(
    source: Source, memory: Remembered[str, int]
) -> None:
    source.open.clear()
    first, second = (asyncio.ensure_future(memory.get("a")) for _ in range(2))
    await asked(source, 1)
    first.cancel()
    source.open.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_answer_ages_from_the_question(source: Source) -> None:
    now = 0.0
    memory = Remembered(source.ask, TTL, clock=lambda: now)
    source.open.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(memory.get("a"))
        await asked(source, 1)
        now = 4.0
        source.open.set()
    await memory.get("a")
    assert source.asked == 1
    now = 5.0
    await memory.get("a")
    assert source.asked == 2


async def test_strangers_names_do_not_fill_the_memory(memory: Remembered[str, int]) -> None:
    for number in range(1000):
        await memory.get(f"stranger {number}")
    assert len(memory._known) <= 3
