"""Events are replayed on a person's word: weighed first, carried out slowly, stopped at any time."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from caseway.domain.connection import Connection
from caseway.domain.ids import (
    CaseId,
    ChannelId,
    ConnectionId,
    ConnectionKey,
    ConversationKey,
    EventId,
)
from caseway.domain.replaying import AT_ONCE
from caseway.domain.reply_rule import ReplyRule
from caseway.ports.event_log import EventFilter
from caseway.ports.replaying import Choice, Order, Ordered, OrderId, Resting
from caseway.store.replay_orders import PostgresReplayOrders, PostgresRunningReplays
from caseway.sync.replayer import Replayer
from tests.events import keep
from tests.stories import Story, insert
from tests.sync.scenarios import replies

HOURS = timedelta(hours=1)
ALL = Choice(wanted=EventFilter())


@pytest.fixture(autouse=True)
async def nothing_goes_on(owner_pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[None]:
    """A pass carries out every order there is, and the next story uses the same database."""
    yield
    await owner_pool.execute(
        "UPDATE replay_order SET state = 'stopped', ended_at = now() WHERE state = 'running'"
    )


class Calls:
    def __init__(self, used: int) -> None:
        self.used = used

    def count(self, call: object) -> None: ...

    def used_today(self) -> int:
        return self.used


def replayer(
    story: Story,
    used: int = 0,
    patience: timedelta = timedelta(minutes=1),
    calls: Callable[[ConnectionKey], Calls] | None = None,
) -> Replayer:
    async def connection(_key: ConnectionKey) -> Connection:
        return story.connection

    running = PostgresRunningReplays(story.pool, patience=patience)
    every = Calls(used)
    return Replayer(running, connection, calls or (lambda _key: every))


async def another_connection(story: Story) -> Story:
    """With a channel that leads to it, in the same organisation."""
    connection = replace(story.connection, id=ConnectionId(uuid4()), name="south")
    account = replace(
        story.account, id=ChannelId(uuid4()), connection=connection.id, name="shop-south"
    )
    await insert(story.owner, connection, account)
    return replace(story, connection=connection, account=account)


async def event(story: Story, key: ConversationKey | None, case: CaseId, ago: timedelta) -> EventId:
    return await keep(
        story.owner,
        story.connection.organisation,
        story.connection.id,
        at=datetime.now(tz=UTC) - ago,
        case=case,
        conversation=None if key is None else key.conversation,
    )


async def conversations(story: Story, many: int) -> Sequence[tuple[ConversationKey, CaseId]]:
    """Each with its case and nothing owed."""
    keys = [(await story.customer_writes("one", peer=f"p{n}")).key for n in range(many)]
    await story.work()
    return [(key, CaseId((await story.row(key))["case_id"])) for key in keys]


async def ordered(story: Story, choice: Choice = ALL) -> OrderId:
    made, ours = OrderId(uuid4()), story.connection.organisation
    kept = await PostgresReplayOrders(story.web).order(
        ours, made, choice, about="all events", actor="mara@example.com"
    )
    assert kept == Ordered.NOW
    return made


async def standing(story: Story, order: OrderId) -> Order:
    found = await PostgresReplayOrders(story.web).standing(story.connection.organisation, order)
    assert found is not None
    return found


async def carried_out(story: Story, order: OrderId, *, rounds: int = 20) -> Order:
    for _ in range(rounds):
        await replayer(story).pass_over()  # another worker each time
        await story.work()
        if (found := await standing(story, order)).state != "running":
            return found
    raise AssertionError("the order never ends")


async def test_what_the_rule_held_back_is_found_and_delivered_once_after_the_rule_was_widened(
    story: Story,
) -> None:
    settings = story.connection.settings
    narrow = replace(settings, reply_rule=ReplyRule(types=frozenset()))
    [(key, case)] = await conversations(story, 1)
    story.connection = replace(story.connection, settings=narrow)
    story.creatio.agent_replies(case, "We order new pads", at=datetime.now(tz=UTC) - 5 * HOURS)
    picked = await event(story, key, case, ago=5 * HOURS)
    other = await event(story, None, CaseId(uuid4()), ago=HOURS)
    await story.webhook(case)
    await story.work()
    assert replies(story) == []
    story.connection = replace(story.connection, settings=settings)
    await story.webhook(case)
    await story.work()
    assert replies(story) == [], "a look reads back an hour"

    orders = PostgresReplayOrders(story.web)
    choice = Choice(picked=(picked, other))
    weighed = await orders.weigh(story.connection.organisation, choice)
    assert (weighed.events, weighed.without, weighed.conversations) == (2, 1, 1)
    assert (weighed.calls, weighed.replies, weighed.stopped) == (2, 1, 0)
    done = await carried_out(story, await ordered(story, choice))
    assert replies(story) == ["We order new pads"]
    assert (done.state, done.ended, done.replies, done.left) == ("done", 1, 1, ())

    assert (await orders.weigh(story.connection.organisation, choice)).replies == 0
    await carried_out(story, await ordered(story, choice))
    assert replies(story) == ["We order new pads"], "what is delivered is not sent twice"
    audit = await story.owner.fetch(
        "SELECT actor, action FROM audit_entry WHERE organisation_id = $1 ORDER BY at",
        story.connection.organisation,
    )
    assert [tuple(row) for row in audit] == [("mara@example.com", "replay.ordered")] * 2


async def test_a_few_at_a_time_whichever_worker_comes_and_no_more_once_it_is_stopped(
    story: Story,
) -> None:
    for key, case in await conversations(story, 10):
        await event(story, key, case, ago=HOURS)
    order = await ordered(story)
    for _ in range(3):
        await replayer(story).pass_over()
    assert await story.waiting_jobs() == 4
    assert (await standing(story, order)).begun == 4
    running = PostgresRunningReplays(story.pool)
    [ours] = [
        each for each in await running.running() if each.id == order
    ]  # its neighbours run too
    assert await running.begin(ours, await running.owed(ours, 4), most=4) == 0, "two at once"
    await story.work()
    await replayer(story).pass_over()
    halfway = await standing(story, order)
    assert (halfway.ended, halfway.begun, halfway.looks) == (4, 4, 10)

    orders = PostgresReplayOrders(story.web)
    of = story.connection.organisation
    assert await orders.stop(of, order, actor="mara@example.com")
    assert not await orders.stop(of, order, actor="mara@example.com"), "once"
    await story.work()
    await replayer(story).pass_over()
    assert await story.waiting_jobs() == 0
    stopped = await standing(story, order)
    assert (stopped.state, stopped.looks) == ("stopped", 10)
    left = "SELECT count(*) FROM replay_look WHERE organisation_id = $1 AND marked_at IS NULL"
    assert await story.owner.fetchval(left, of) == 2


async def test_the_last_quarter_of_the_days_calls_is_left_to_replies(story: Story) -> None:
    [(key, case)] = await conversations(story, 1)
    await event(story, key, case, ago=HOURS)
    order = await ordered(story)
    await replayer(story, used=7_499).pass_over()
    assert await story.waiting_jobs() == 0
    assert (await standing(story, order)).resting == (Resting("north", 1),)
    await replayer(story, used=7_498).pass_over()
    found = await standing(story, order)
    assert (found.resting, found.begun) == ((), 1)


async def test_looks_of_a_connection_without_calls_left_hold_no_other_up(story: Story) -> None:
    south = await another_connection(story)
    for number, (key, case) in enumerate(await conversations(story, 2 * AT_ONCE)):
        await event(story, key, case, ago=(number + 2) * HOURS)  # the oldest: they come first
    [(key, case)] = await conversations(south, 1)
    await event(south, key, case, ago=HOURS)
    order = await ordered(story)
    used = {story.connection.key: Calls(9_000), south.connection.key: Calls(0)}
    await replayer(story, calls=used.__getitem__).pass_over()
    assert await story.jobs() == [key]
    found = await standing(story, order)
    assert (found.begun, found.resting) == (1, (Resting("north", 2 * AT_ONCE),))
    await south.reconciler().look(key)
    await replayer(story, calls=used.__getitem__).pass_over()
    assert (await standing(story, order)).ended == 1
    assert (await carried_out(story, order)).ended == 2 * AT_ONCE + 1, "tomorrow"


async def test_what_cannot_be_looked_at_now_is_named_and_holds_nobody_up(story: Story) -> None:
    (parked, its_case), (busy, its_other), (fine, last) = await conversations(story, 3)
    await story.owner.execute(
        "UPDATE conversation SET parked_at = now(), parked_reason = 'The case is gone.'"
        " WHERE id = $1",
        parked.conversation,
    )
    for key, case in ((parked, its_case), (busy, its_other), (fine, last)):
        await event(story, key, case, ago=HOURS)
    weighed = await PostgresReplayOrders(story.web).weigh(story.connection.organisation, ALL)
    assert (weighed.conversations, weighed.stopped, weighed.calls) == (3, 1, 4)
    order = await ordered(story)
    await replayer(story).pass_over()
    for job in await story.jobs():
        fate = "down" if job == busy else "ok"
        story.creatio.fate = lambda _kind, its=fate: its  # type: ignore[misc] # bound in the loop
        await story.reconciler().look(job)
    await replayer(story).pass_over()
    assert (await standing(story, order)).state == "running", "it will be tried again"
    await replayer(story, patience=timedelta(0)).pass_over()
    done = await standing(story, order)
    assert (done.state, done.ended) == ("done", 3)
    assert {(one.conversation, one.became, one.reason) for one in done.left} == {
        (parked.conversation, "stopped", "The case is gone."),
        (busy.conversation, "waits", ""),
    }


async def test_an_event_whose_case_became_ours_later_is_looked_at_and_the_newest_come_first(
    story: Story,
) -> None:
    made = await conversations(story, 3)
    for number, (_, case) in enumerate(made):
        oldest = await event(story, None, case, ago=number * HOURS)
    few = PostgresReplayOrders(story.web, most_events=2)
    ours = story.connection.organisation
    weighed = await few.weigh(ours, ALL)
    assert (weighed.events, weighed.cut, weighed.conversations) == (2, True, 2)
    order, other = OrderId(uuid4()), OrderId(uuid4())
    by = "mara@example.com"
    assert await few.order(ours, order, ALL, about="the newest", actor=by) == Ordered.NOW
    looks = await story.owner.fetch(
        "SELECT conversation_id FROM replay_look WHERE order_id = $1 ORDER BY since DESC", order
    )
    assert [row[0] for row in looks] == [key.conversation for key, _ in made[:2]]
    nothing = Choice(picked=(EventId(uuid4()),))
    kept_nothing = await few.order(ours, other, nothing, about="nothing", actor=by)
    assert kept_nothing == Ordered.NOTHING
    # The same form once more: as it was ordered the first time, whatever would be chosen now.
    older = Choice(picked=(oldest,))
    again = await few.order(ours, order, older, about="another", actor="dora@example.com")
    assert again == Ordered.BEFORE
    kept = await story.owner.fetch(
        "SELECT id, about, ordered_by FROM replay_order WHERE organisation_id = $1", ours
    )
    assert [tuple(row) for row in kept] == [(order, "the newest", by)]
    assert looks == await story.owner.fetch(
        "SELECT conversation_id FROM replay_look WHERE organisation_id = $1 ORDER BY since DESC",
        ours,
    )
