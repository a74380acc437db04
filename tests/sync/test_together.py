"""Many at once on a real database: customers, webhooks, workers, receipts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from caseway.domain.adoption import Outcome
from caseway.domain.ids import CaseId, ConversationKey, EventId
from caseway.ports import Later, NewEvent, Overloaded
from caseway.store.roles import Role
from caseway.store.webhooks import MOST_AT_ONCE, MOST_WAITING, WRITERS, SharedCommit
from tests import database as ground
from tests.stories import Story
from tests.sync.scenarios import activities, begun, healed, replies
from tests.sync.weather import stalled

PATIENCE = timedelta(seconds=20)


async def event(story: Story, case: UUID | None, kind: str = "new_activity") -> NewEvent:
    token = await story.pool.fetchval(
        "SELECT id FROM webhook_token WHERE connection_id = $1", story.connection.id
    )
    return NewEvent(
        id=EventId(uuid4()),
        organisation=story.connection.organisation,
        connection=story.connection.id,
        token=token,
        token_name="storytok",
        source="127.0.0.1",
        type=kind,
        case=None if case is None else CaseId(case),
        outcome=Outcome.ACCEPTED,
        reason="",
        body=b"{}",
    )


async def events_kept(story: Story) -> int:
    found: int = await story.pool.fetchval(
        "SELECT count(*) FROM webhook_event WHERE organisation_id = $1 AND found_by = 'webhook'",
        story.connection.organisation,
    )
    return found


async def somebody_waits(story: Story, statement: str) -> None:
    """Until a statement of that name waits for a lock."""
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while not await story.owner.fetchval(
            """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                  AND query LIKE $1""",
            f"%{statement}%",
        ):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def holding(story: Story, sql: str, *args: object) -> AsyncIterator[None]:
    """Another transaction has done this, and commits when the block ends."""
    async with story.owner.acquire() as connection, connection.transaction():
        await connection.execute(sql, *args)
        yield


# customers


async def test_two_quick_messages_of_a_new_peer_open_one_conversation(story: Story) -> None:
    kept = await asyncio.gather(*(story.customer_writes(f"{n}") for n in range(8)))
    await story.work()

    assert len({one.key for one in kept}) == 1
    assert sum(one.new_conversation for one in kept) == 1
    assert len(story.creatio.cases) == 1
    assert sorted(activities(story)) == sorted(f"{n}" for n in range(8))
    assert (await story.row(kept[0].key))["last_position"] == 8


async def test_a_message_that_its_provider_repeats_is_kept_once(story: Story) -> None:
    writes = (story.customer_writes("hello", provider_id="p-1") for _ in range(8))
    kept = await asyncio.gather(*writes)
    await story.work()

    assert sum(one.new_message for one in kept) == 1
    assert len({one.message for one in kept}) == 1
    assert activities(story) == ["hello"]


async def test_distinct_messages_are_never_merged(story: Story) -> None:
    """Neither by content, nor by an empty id, nor by an id that another peer used."""
    kept = [
        await story.customer_writes("hello", peer="a"),
        await story.customer_writes("hello", peer="a"),
        await story.customer_writes("hello", peer="a", provider_id="7"),
        await story.customer_writes("hello", peer="b", provider_id="7"),
    ]
    await story.work()

    assert all(one.new_message for one in kept)
    assert Counter(activities(story)) == {"hello": 4}
    assert len(story.creatio.cases) == 2


async def test_a_reply_reaches_the_one_who_wrote(story: Story) -> None:
    cases = {}
    for peer in ("a", "b"):
        kept = await story.customer_writes(f"from {peer}", peer=peer)
        await story.work()
        cases[peer] = CaseId((await story.row(kept.key))["case_id"])
    for peer, case in cases.items():
        story.creatio.agent_replies(case, f"to {peer}")
        await story.webhook(case)
    await story.work()

    assert sorted(story.postbox.received) == [("a", "to a", False), ("b", "to b", False)]


# webhooks


async def test_fifty_webhooks_at_once_are_kept_and_cause_one_look(story: Story) -> None:
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    story.creatio.calls.clear()
    new = [await event(story, case) for _ in range(50)]
    async with SharedCommit(story.pool) as commit:
        kept = await asyncio.gather(*(commit.keep(one) for one in new))

    assert all(one.token_holds and one.conversation is not None for one in kept)
    assert await events_kept(story) == 50
    assert await story.waiting_jobs() == 1
    await story.work()
    assert replies(story) == ["reply"]
    assert story.creatio.calls == ["look"]


async def test_too_many_at_once_are_refused_rather_than_kept_waiting(story: Story) -> None:
    one = await event(story, None)
    commit = SharedCommit(story.pool)
    async with commit, asyncio.TaskGroup() as senders:  # noqa: SIM117 - in this order
        # Let go before the senders are waited for.
        async with holding(story, "LOCK TABLE webhook_token IN ACCESS EXCLUSIVE MODE"):
            first = [senders.create_task(_answer(commit, one)) for _ in range(WRITERS)]
            await somebody_waits(story, "keep_events")
            told = [senders.create_task(_answer(commit, one)) for _ in range(MOST_WAITING + 500)]
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while "overloaded" not in [t.result() for t in told if t.done()]:
                    await asyncio.sleep(0.01)
    answers = Counter(task.result() for task in (*first, *told))

    assert answers["kept"] + answers["overloaded"] + answers["later"] == len(first) + len(told)
    assert answers["overloaded"] >= 500 - WRITERS * MOST_AT_ONCE + 1
    assert await events_kept(story) >= answers["kept"] > 0


async def _answer(commit: SharedCommit, new: NewEvent) -> str:
    try:
        await commit.keep(replace(new, id=EventId(uuid4())))
    except Overloaded:
        return "overloaded"
    except Later:
        return "later"
    return "kept"


async def test_without_the_store_nothing_is_acknowledged(
    server: ground.Server, template: str, story: Story
) -> None:
    case = await begun(story)
    new = await event(story, case)
    gone = server.create(template)
    async with (
        asyncpg.create_pool(
            gone.dsn, min_size=1, max_size=2, server_settings={"role": str(Role.SYNC)}
        ) as pool,
        SharedCommit(pool) as commit,
    ):
        server.drop(gone.name)
        with pytest.raises(Later, match="store cannot be reached"):
            await commit.keep(new)


@pytest.mark.parametrize("end", ["revoked_at = now()", "expires_at = now() - interval '1 second'"])
async def test_a_token_that_ended_meanwhile_is_refused_in_the_commit(
    end: str, story: Story
) -> None:
    case = await begun(story)
    new = await event(story, case)
    await story.owner.execute(
        f"UPDATE webhook_token SET {end} WHERE connection_id = $1", story.connection.id
    )
    async with SharedCommit(story.pool) as commit:
        kept = await commit.keep(new)

    assert (kept.token_holds, kept.conversation) == (False, None)
    assert await events_kept(story) == 0
    assert await story.waiting_jobs() == 0


async def test_a_case_of_nobody_is_kept_as_ignored(story: Story) -> None:
    async with SharedCommit(story.pool) as commit:
        kept = await commit.keep(await event(story, uuid4()))
    assert (kept.token_holds, kept.conversation) == (True, None)
    assert await events_kept(story) == 1
    assert await story.waiting_jobs() == 0


# workers


async def test_ten_workers_on_one_conversation_send_a_reply_once(story: Story) -> None:
    story.postbox.repeats_recognised = False
    case = await begun(story)
    key = await _key(story, case)
    for number in range(3):
        story.creatio.agent_replies(case, f"{number}")
        await story.webhook(case)
        await asyncio.gather(*(story.reconciler().look(key) for _ in range(10)))
        await story.pass_time(timedelta(seconds=13))
        await story.work()

    assert replies(story) == ["0", "1", "2"]
    assert [marked for _, _, marked in story.postbox.received] == [False] * 3


async def test_a_webhook_in_the_same_moment_breaks_no_import(story: Story) -> None:
    """The row changes between the decision and the statement that keeps it."""
    case = await begun(story)
    key = await _key(story, case)
    story.creatio.agent_replies(case, "reply")
    await story.webhook(case)
    async with (
        asyncio.TaskGroup() as tasks,
        holding(
            story,
            "UPDATE conversation SET hints = hints | 1, due_at = now() WHERE id = $1",
            key.conversation,
        ),
    ):
        tasks.create_task(_looks(story))
        await somebody_waits(story, "conversation")
    await healed(story)
    await story.customer_writes("two")
    await story.work()

    assert replies(story) == ["reply"]
    assert activities(story) == ["one", "two"]
    assert await _positions(story, key) == [1, 2, 3]


@pytest.mark.parametrize("statement", ["import_usual", "settle_and_release"])
async def test_a_trigger_while_a_write_waits_for_the_row_breaks_nothing(
    statement: str, story: Story
) -> None:
    """As above, each write in turn, once the look is under way."""
    case = await begun(story)
    key = await _key(story, case)
    story.creatio.agent_replies(case, "reply")
    await story.webhook(case)
    at = {"import_usual": ("look", "stall after"), "settle_and_release": ("send", "stall after")}
    hold = asyncio.Event()
    held = asyncio.Event()

    async def trigger() -> None:
        async with holding(
            story,
            "UPDATE conversation SET hints = hints | 1, due_at = now() WHERE id = $1",
            key.conversation,
        ):
            held.set()
            await hold.wait()
            await somebody_waits(story, statement)

    async with asyncio.TaskGroup() as tasks, stalled(story, *at[statement]):
        tasks.create_task(trigger())
        await held.wait()
        hold.set()
    await healed(story)
    await story.customer_writes("two")
    await story.work()

    assert replies(story) == ["reply"]
    assert activities(story) == ["one", "two"]
    assert await _positions(story, key) == [1, 2, 3]


async def test_a_receipt_that_outruns_our_note_ends_all_doubt(story: Story) -> None:
    story.postbox.repeats_recognised = False
    case = await begun(story)
    story.creatio.agent_replies(case, "reply")
    await story.webhook(case)
    async with stalled(story, "send", "stall after"):
        receipt = await story.pool.execute(
            """UPDATE delivery SET state = 'delivered', settled_at = now()
                WHERE organisation_id = $1 AND state = 'sending'""",
            story.connection.organisation,
        )
        assert receipt == "UPDATE 1"
    await healed(story)

    assert replies(story) == ["reply"]
    found = await story.pool.fetchval(
        "SELECT state FROM delivery WHERE organisation_id = $1", story.connection.organisation
    )
    assert found == "delivered"


async def _looks(story: Story) -> None:
    for key in await story.jobs():
        await story.reconciler().look(key)


async def _key(story: Story, case: CaseId) -> ConversationKey:
    found = await story.pool.fetchval("SELECT id FROM conversation WHERE case_id = $1", case)
    return ConversationKey(story.connection.organisation, found)


async def _positions(story: Story, key: ConversationKey) -> list[int]:
    found = await story.pool.fetch(
        "SELECT position FROM message WHERE conversation_id = $1 ORDER BY position",
        key.conversation,
    )
    return [row["position"] for row in found]
