"""The sweep beside others: slow neighbours, a plan that runs out, a night's comparison."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

from caseway.domain.connection import Connection, ConnectionSettings
from caseway.domain.ids import CaseId
from caseway.domain.sweeping import OPEN_CASES
from caseway.ports import CASES_AT_ONCE
from tests.far_side import CLOSED, RESOLVED
from tests.stories import Story
from tests.sync.conftest import Begin

WITHIN_S = 30.0
OFTEN = timedelta(milliseconds=20)


class Used:
    def __init__(self, calls: int) -> None:
        self.calls = calls

    def count(self, call: object) -> None: ...

    def used_today(self) -> int:
        return self.calls


async def cursor(story: Story, entity: str, column: str) -> object:
    return await story.pool.fetchval(
        f"SELECT {column} FROM sweep_cursor WHERE connection_id = $1 AND entity = $2",
        story.connection.id,
        entity,
    )


async def come_true(story: Story, entity: str, column: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await cursor(story, entity, column) is None:
            await asyncio.sleep(OFTEN.total_seconds())


async def test_a_connection_that_never_answers_holds_up_no_other(begin: Begin) -> None:
    slow, quick = await begin(), await begin()
    gate = asyncio.Event()
    slow.creatio.fate = lambda _kind: "stall after"
    slow.creatio.gate = lambda: _opened(gate)
    both = replace(
        quick.sweeper,
        connections=lambda: _these(slow, quick),
        ticketing=lambda connection: (
            slow.creatio if connection.id == slow.connection.id else quick.creatio
        ),
    )
    stopping = asyncio.Event()
    sweeping = asyncio.create_task(both.keep_on(stopping, every=OFTEN))
    try:
        await come_true(quick, "Activity", "watermark")
        await quick.pass_time(timedelta(minutes=2))
        kept = await quick.customer_writes("one")
        await quick.work()
        quick.creatio.agent_replies(CaseId((await quick.row(kept.key))["case_id"]), "reply")
        async with asyncio.timeout(WITHIN_S):
            while not quick.postbox.received:
                await quick.pass_time(timedelta(minutes=2))
                await quick.work()
                await asyncio.sleep(OFTEN.total_seconds())
        assert await cursor(slow, "Activity", "watermark") is None
    finally:
        stopping.set()
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(sweeping, return_exceptions=True)
    assert sweeping.exception() is None


async def _opened(gate: asyncio.Event) -> None:
    await gate.wait()


async def _these(*stories: Story) -> list[Connection]:
    return [story.connection for story in stories]


def spent(story: Story, calls: int) -> Awaitable[int]:
    """A pass at a time when so many of the day's 1,000 calls are used."""
    connection = replace(story.connection, settings=ConnectionSettings(calls_a_day=1000))
    sweeper = replace(
        story.sweeper,
        connections=lambda: _connections(connection),
        calls=lambda _key: Used(calls),
    )
    return sweeper.pass_over()


async def _connections(connection: Connection) -> list[Connection]:
    return [connection]


async def test_with_the_reserve_alone_left_nothing_is_asked_and_nothing_forgotten(
    story: Story,
) -> None:
    await spent(story, 0)
    kept = await story.customer_writes("one")
    await story.work()
    story.creatio.agent_replies(CaseId((await story.row(kept.key))["case_id"]), "reply")
    await story.pass_time(timedelta(hours=2))
    story.creatio.calls.clear()

    await spent(story, 960)
    assert story.creatio.calls == []
    said = str(await cursor(story, "Activity", "trouble"))
    assert "calls are used up" in said

    await story.pass_time(timedelta(hours=2))
    await spent(story, 0)
    await story.work()
    assert [text for _, text, _ in story.postbox.received] == ["reply"]


async def test_a_night_that_grows_too_dear_goes_on_in_the_next(story: Story) -> None:
    many = CASES_AT_ONCE + 3
    for n in range(many):
        await story.customer_writes("one", peer=f"customer-{n}")
    await story.work()
    await spent(story, 0)  # nothing differs
    assert "listing" in story.creatio.calls
    assert await cursor(story, OPEN_CASES, "compared_through") is None

    for case in story.creatio.cases:
        story.creatio.set_status(case, CLOSED)
    await story.pass_time(timedelta(days=1))
    story.creatio.calls.clear()
    await spent(story, 500)
    assert "listing" not in story.creatio.calls
    assert "half of the day" in str(await cursor(story, OPEN_CASES, "trouble")).lower()


async def test_what_no_sweep_and_no_webhook_told_is_found_at_night(story: Story) -> None:
    kept = await story.customer_writes("one")
    await story.work()
    case = CaseId((await story.row(kept.key))["case_id"])
    await story.sweeper.pass_over()
    gone = await story.customer_writes("two", peer="customer-2")
    await story.work()
    vanished = CaseId((await story.row(gone.key))["case_id"])
    story.creatio.cases[case].status = RESOLVED  # without a stamp that a sweep could see
    del story.creatio.cases[vanished]
    await story.pass_time(timedelta(days=1))
    await story.sweeper.pass_over()
    await story.work()

    assert (await story.row(kept.key))["state"] == "resolved"
    assert "no longer exists" in (await story.row(gone.key))["parked_reason"]
