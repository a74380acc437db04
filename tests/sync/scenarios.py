"""One short story for each protection, which ends badly without it.

Run as tests on the code as it is, and by `nursery` on copies of it that lack a protection.
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

import asyncpg

from caseway.domain.connection import ChannelSettings, ConnectionSettings
from caseway.domain.ids import CaseId
from caseway.store.roles import Role
from tests.far_side import IN_PROGRESS, NEW, OUR_USER, REOPENED, RESOLVED
from tests.stories import Story, begin_story
from tests.sync.settled import assert_unmarked_copies_are_first
from tests.sync.weather import Fault, dies, over, stalled

Scenario = Callable[[Story], Awaitable[None]]
SCENARIOS: Final[dict[str, Scenario]] = {}
LEASE_ENDS: Final = timedelta(seconds=13)
MINUTES: Final = timedelta(minutes=2)


def scenario(told: Scenario) -> Scenario:
    SCENARIOS[told.__name__] = told
    return told


async def begun(story: Story, *, peer: str = "customer-1") -> CaseId:
    """A message, its case with one activity, nothing owed."""
    kept = await story.customer_writes("one", peer=peer)
    await story.work()
    return CaseId((await story.row(kept.key))["case_id"])


async def state(story: Story) -> str:
    found: str = await story.pool.fetchval(
        "SELECT state FROM conversation WHERE organisation_id = $1 ORDER BY created_at LIMIT 1",
        story.connection.organisation,
    )
    return found


def activities(story: Story) -> list[str]:
    own = [a for a in story.creatio.activities.values() if a.created_by_id == OUR_USER]
    return [a.detailed_result for a in sorted(own, key=lambda a: a.created_on)]


def replies(story: Story) -> list[str]:
    return [text for _, text, _ in story.postbox.received if text != "(resolved)"]


async def swept(story: Story) -> None:
    await story.pass_time(MINUTES)
    await story.sweeper.pass_over()
    await story.work()


async def healed(story: Story) -> None:
    await story.pass_time(MINUTES)
    await story.healing.heal(older_than=timedelta(minutes=1))
    await story.work()


@asynccontextmanager
async def no_jobs(story: Story) -> AsyncIterator[None]:
    """Whoever enqueues for this story fails, as if the process had ended there."""
    name = f"nothing_{uuid4().hex}"
    await story.owner.execute(
        f"""ALTER TABLE queue.pgqueuer ADD CONSTRAINT {name}
            CHECK (substr(payload, 1, 16) <> '\\x{story.connection.organisation.hex}') NOT VALID"""
    )
    try:
        yield
    finally:
        await story.owner.execute(f"ALTER TABLE queue.pgqueuer DROP CONSTRAINT {name}")


@scenario
async def a_message_becomes_an_activity(story: Story) -> None:
    """The control: true of every copy that still works at all."""
    await begun(story)
    assert activities(story) == ["one"]


# creates and echoes


@scenario
async def an_activity_whose_answer_was_lost_is_no_reply(story: Story) -> None:
    await story.customer_writes("one")
    over(story).fault = Fault("create activity", "lost after")
    await story.work()
    await healed(story)
    assert replies(story) == []
    assert activities(story) == ["one"]


@scenario
async def a_message_is_kept_with_its_job_or_not_at_all(story: Story) -> None:
    async with no_jobs(story):
        with suppress(asyncpg.CheckViolationError):
            await story.customer_writes("one", provider_id="1")
    await story.customer_writes("one", provider_id="1")
    await story.work()
    assert activities(story) == ["one"]


# marks, leases, healing


@scenario
async def a_trigger_during_a_run_has_its_look(story: Story) -> None:
    case = await begun(story)
    await story.webhook(case)
    async with stalled(story, "look", "stall after"):
        story.creatio.agent_replies(case, "reply")
        await story.webhook(case)
    await story.work()
    assert replies(story) == ["reply"]


@scenario
async def a_message_does_not_wait_behind_a_backoff(story: Story) -> None:
    case = await begun(story)
    await story.webhook(case)
    over(story).fault = Fault("look", "busy")
    await story.work()
    await story.customer_writes("two")
    await story.work()
    assert activities(story) == ["one", "two"]


@scenario
async def what_failed_has_a_job_for_its_next_attempt(story: Story) -> None:
    await story.customer_writes("one")
    over(story).fault = Fault("create case", "busy")
    await story.work()
    await story.pass_time(MINUTES)
    await story.work()
    assert activities(story) == ["one"]


@scenario
async def a_mark_without_a_job_is_found(story: Story) -> None:
    await story.customer_writes("one")
    await story.jobs()  # deleted by an exception
    await healed(story)
    assert activities(story) == ["one"]


@scenario
async def a_run_that_never_ended_is_found(story: Story) -> None:
    await story.customer_writes("one")
    await dies(story, "claim", "die after")
    await healed(story)
    assert activities(story) == ["one"]


@scenario
async def a_job_that_finds_its_conversation_busy_comes_back(story: Story) -> None:
    kept = await story.customer_writes("one")
    await dies(story, "claim", "die after")
    await story.owe_look(kept.key, after=timedelta(0))  # taken over before the lease ended
    await story.work()
    await story.pass_time(LEASE_ENDS)
    await story.work()
    assert activities(story) == ["one"]


@scenario
async def two_workers_do_not_look_at_once(story: Story) -> None:
    story.postbox.repeats_recognised = False
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    await story.webhook(case)
    async with stalled(story, "send", "stall after"):
        await story.webhook(case)
        await story.work()
    await story.pass_time(MINUTES)
    await story.work()
    assert replies(story) == ["reply"]


@scenario
async def a_stalled_worker_applies_no_old_reading(story: Story) -> None:
    case = await begun(story)
    await story.webhook(case)
    async with stalled(story, "adopt", "stall before"):
        await story.pass_time(LEASE_ENDS)
        story.creatio.set_status(case, RESOLVED)
        await story.webhook(case, "case_closed")
        await story.work()
    assert await state(story) == "resolved"


@scenario
async def a_stalled_worker_makes_no_late_call(story: Story) -> None:
    case = await begun(story)
    kept = await story.customer_writes("two")
    await story.work()
    await story.intake.resolve(kept.key)
    async with stalled(story, "adopt", "stall after"):
        await story.pass_time(LEASE_ENDS)
        await story.owe_look(kept.key, after=timedelta(0))
        await story.work()
        assert story.creatio.cases[case].status == RESOLVED
        story.creatio.set_status(case, IN_PROGRESS)  # the agent's word
    assert story.creatio.cases[case].status == IN_PROGRESS


@scenario
async def what_kills_every_worker_is_parked(story: Story) -> None:
    kept = await story.customer_writes("one")
    for _ in range(5):
        await dies(story, "create case", "die before")
        await story.pass_time(timedelta(minutes=5))
        await story.healing.heal(older_than=timedelta(minutes=1))
    await story.work()
    assert (await story.row(kept.key))["parked_reason"] is not None


# replies


@scenario
async def a_copy_after_a_death_says_that_it_may_be_one(story: Story) -> None:
    story.postbox.repeats_recognised = False
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    await story.webhook(case)
    await dies(story, "send", "die after")
    await healed(story)
    assert replies(story) == ["reply", "reply"]
    assert_unmarked_copies_are_first(story.postbox)


@scenario
async def a_reply_enters_once(story: Story) -> None:
    story.postbox.repeats_recognised = False
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    for _ in range(2):
        await story.webhook(case)
        await story.work()
    assert replies(story) == ["reply"]


@scenario
async def replies_go_out_as_creatio_orders_them(story: Story) -> None:
    case = await begun(story)
    at = story.creatio.now()
    written = {
        story.creatio.agent_replies(case, text, at=at + timedelta(seconds=later)): (later, text)
        for text, later in (("a", 2), ("c", 1), ("b", 1))
    }
    await story.webhook(case)
    await story.work()
    expected = sorted(written, key=lambda activity: (written[activity][0], activity))
    assert replies(story) == [written[activity][1] for activity in expected]


@scenario
async def a_debt_cannot_name_another_address(story: Story) -> None:
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    await story.webhook(case)
    await story.work()
    with suppress(asyncpg.ForeignKeyViolationError):
        await story.pool.execute(
            "UPDATE delivery SET address = 'somebody else' WHERE organisation_id = $1",
            story.connection.organisation,
        )
    found = await story.pool.fetchval(
        "SELECT address FROM delivery WHERE organisation_id = $1", story.connection.organisation
    )
    assert found == "customer-1"


# the sweep


@scenario
async def a_row_that_appears_late_is_found(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    late = story.creatio.agent_replies(case, "late", visible=False)
    story.creatio.agent_replies(case, "reply")
    await swept(story)
    story.creatio.appears(late)
    await swept(story)
    assert replies(story) == ["reply", "late"]


@scenario
async def rows_that_were_seen_trigger_nothing(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    note = story.creatio.agent_replies(case, "for a colleague")
    row = story.creatio.activities[note]
    story.creatio.activities[note] = replace(row, title="#internal")
    await swept(story)
    await story.pass_time(MINUTES)
    assert await story.sweeper.pass_over() == 0


@scenario
async def a_row_from_the_future_hides_nothing(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    creatio = story.creatio
    creatio.agent_replies(case, "from the future", at=creatio.now() + timedelta(hours=2))
    await swept(story)
    creatio.agent_replies(case, "reply")
    await swept(story)
    assert replies(story) == ["from the future", "reply"]


@scenario
async def stamps_in_local_time_hide_no_reply(story: Story) -> None:
    await story.sweeper.pass_over()
    story.creatio.stamps_off = -timedelta(hours=3)
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    await swept(story)
    assert replies(story) == ["reply"]


@scenario
async def a_row_that_appears_too_late_for_a_sweep_is_found_at_night(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    late = story.creatio.agent_replies(case, "late", visible=False)
    for _ in range(3):
        await story.pass_time(timedelta(hours=1))
        story.creatio.agent_replies(case, "reply")
        await swept(story)
    story.creatio.appears(late)
    await swept(story)
    assert "late" not in replies(story)
    await story.pass_time(timedelta(days=1))
    await swept(story)
    await swept(story)
    assert replies(story).count("late") == 1


@scenario
async def a_page_is_kept_whole_or_not_at_all(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    await story.pass_time(MINUTES)
    async with no_jobs(story):
        with suppress(asyncpg.CheckViolationError):
            await story.sweeper.pass_over()
    await swept(story)
    assert replies(story) == ["reply"]


# closure


@scenario
async def a_closed_case_swallows_no_message(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, RESOLVED)
    await story.customer_writes("two")
    await story.work()
    assert len(story.creatio.stood_open) == 2
    assert await state(story) != "resolved"


@scenario
async def a_closure_after_a_lost_answer_holds(story: Story) -> None:
    case = await begun(story)
    await story.customer_writes("two")
    over(story).fault = Fault("create activity", "lost after")
    await story.work()
    await healed(story)
    story.creatio.set_status(case, RESOLVED)
    await story.webhook(case, "case_closed")
    await story.work()
    assert await state(story) == "resolved"
    assert story.creatio.cases[case].status == RESOLVED


def reopens_while_we_write(story: Story, case: CaseId) -> None:
    """The agent is faster than we: the case is open again when our activity arrives."""

    def fate(kind: str) -> str:
        if kind == "create activity":
            story.creatio.set_status(case, IN_PROGRESS)
            story.creatio.fate = lambda _kind: "ok"
        return "ok"

    story.creatio.fate = fate


@scenario
async def the_agents_own_reopening_is_left_alone(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, RESOLVED)
    await story.customer_writes("two")
    await story.webhook(case)
    reopens_while_we_write(story, case)
    await story.work()
    assert story.creatio.cases[case].status == IN_PROGRESS


@scenario
async def a_word_of_closure_is_weighed_by_a_later_reading(story: Story) -> None:
    case = await begun(story)
    await story.customer_writes("two")
    await story.webhook(case)
    async with stalled(story, "adopt", "stall before"):
        story.creatio.set_status(case, REOPENED)  # means closed here, and has no flag
        await story.webhook(case, "case_closed")
    await story.work()
    assert await state(story) == "resolved"


@scenario
async def a_late_word_of_closure_does_not_end_what_was_reopened(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    story.creatio.set_status(case, REOPENED)
    await story.webhook(case, "case_closed")
    await story.work()
    assert await state(story) == "resolved"
    story.creatio.set_status(case, NEW)
    await swept(story)
    assert await state(story) != "resolved"
    await story.webhook(case, "case_closed")  # a repeat
    await story.work()
    assert await state(story) != "resolved"


@scenario
async def a_late_word_of_closure_does_not_end_what_a_message_reopened(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, IN_PROGRESS)
    await story.webhook(case)
    await story.work()
    story.creatio.set_status(case, RESOLVED)
    await story.customer_writes("two")
    await story.webhook(case)
    reopens_while_we_write(story, case)
    await story.work()
    await story.webhook(case, "case_closed")  # late: of the closure before
    await story.work()
    assert await state(story) != "resolved"


@scenario
async def a_case_that_vanished_stops_its_conversation(story: Story) -> None:
    case = await begun(story)
    del story.creatio.cases[case]
    await story.webhook(case)
    await story.work()
    assert await state(story) == "waiting"
    assert await story.pool.fetchval(
        "SELECT parked_reason FROM conversation WHERE case_id = $1", case
    )


async def tell(dsn: str, names: list[str]) -> None:
    """Each on an organisation of its own, with the pools that the product uses."""
    async with AsyncExitStack() as opened:
        owner, sync, web = [
            await opened.enter_async_context(
                asyncpg.create_pool(
                    dsn,
                    min_size=1,
                    max_size=4,
                    server_settings={} if role is None else {"role": str(role)},
                )
            )
            for role in (None, Role.SYNC, Role.WEB)
        ]
        for name in names:
            settings = ConnectionSettings(resolved_status=RESOLVED)
            story = await begin_story(
                owner, sync, web, settings=settings, channel=ChannelSettings()
            )
            try:
                await SCENARIOS[name](story)
            finally:
                await story.leave()


def run(dsn: str, names: list[str]) -> int:
    """0, or 1 where a story ends badly; how, is said on stderr."""
    try:
        asyncio.run(tell(dsn, names))
    except Exception:
        traceback.print_exc()
        return 1
    return 0
