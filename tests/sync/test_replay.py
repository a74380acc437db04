"""What was refused for good is visible, says why, and is tried again on a person's word."""

import json
from datetime import timedelta

from caseway.domain.ids import ConversationKey
from caseway.ports.retries import DeadLetter
from caseway.store.replays import PostgresReplays
from tests.stories import Story
from tests.sync.scenarios import activities, begun, replies
from tests.sync.weather import dies


async def only_letter(story: Story) -> DeadLetter:
    letters = await PostgresReplays(story.pool).dead_letters(
        story.connection.organisation, conversation=None, limit=10
    )
    [letter] = letters
    return letter


async def replayed(story: Story, letter: DeadLetter) -> None:
    replays = PostgresReplays(story.pool)
    key = ConversationKey(story.connection.organisation, letter.conversation)
    assert await replays.replay(key, letter.kind, letter.id)
    assert not await replays.replay(key, letter.kind, letter.id), "once"
    await story.work()


async def test_a_reply_that_was_refused_is_told_on_the_case_and_can_be_replayed(
    story: Story,
) -> None:
    case = await begun(story)
    story.creatio.agent_replies(case, "We order new pads")
    story.postbox.fate = lambda: "never"
    await story.webhook(case)
    await story.work()
    letter = await only_letter(story)

    assert (letter.kind, letter.reason) == ("delivery", "no such customer")
    assert "did not reach the customer" in activities(story)[-1]
    story.postbox.fate = lambda: "ok"
    await replayed(story, letter)
    assert replies(story) == ["We order new pads"]


async def test_a_reply_in_doubt_that_was_given_up_is_replayed_with_its_mark(story: Story) -> None:
    story.postbox.repeats_recognised = False
    case = await begun(story)
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    story.postbox.fate = lambda: "busy"
    await story.work()
    await story.pass_time(timedelta(days=6))
    story.postbox.fate = lambda: "lost after"
    await story.work()
    letter = await only_letter(story)
    story.postbox.fate = lambda: "ok"
    await replayed(story, letter)

    assert [marked for _, _, marked in story.postbox.received] == [False, True]


async def test_an_activity_that_was_refused_lets_the_next_pass_and_can_be_replayed(
    story: Story,
) -> None:
    await begun(story)
    story.creatio.fate = lambda kind: "refused" if kind == "create activity" else "ok"
    await story.customer_writes("two")
    await story.work()
    story.creatio.fate = lambda _kind: "ok"
    await story.customer_writes("three")
    await story.work()
    letter = await only_letter(story)

    assert (letter.kind, activities(story)) == ("activity", ["one", "three"])
    await replayed(story, letter)
    assert sorted(activities(story)) == ["one", "three", "two"]


async def test_a_conversation_that_was_parked_goes_on_after_a_replay(story: Story) -> None:
    kept = await story.customer_writes("one")
    for _ in range(5):
        await dies(story, "create case", "die before")
        await story.pass_time(timedelta(minutes=5))
        await story.healing.heal(older_than=timedelta(minutes=1))
    await story.work()
    letter = await only_letter(story)
    assert letter.kind == "conversation"
    await story.customer_writes("two")  # kept all the same
    await story.work()
    assert activities(story) == []
    story.creatio.fate = lambda _kind: "ok"
    await replayed(story, letter)

    assert activities(story) == ["one", "two"]
    assert (await story.row(kept.key))["parked_at"] is None


async def test_the_journal_says_what_a_look_did_and_why(story: Story) -> None:
    case = await begun(story)
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()
    told = [
        line["deed"]
        for row in await story.pool.fetch(
            "SELECT steps FROM run WHERE organisation_id = $1 ORDER BY begun_at",
            story.connection.organisation,
        )
        for line in json.loads(row["steps"])
    ]

    assert "created case SR00000001" in told
    assert "created 1 activity" in told
    assert "sent reply, attempt 1" in told
    attempts = await story.pool.fetch(
        "SELECT number, became FROM attempt WHERE organisation_id = $1",
        story.connection.organisation,
    )
    assert [tuple(row) for row in attempts] == [(1, "delivered")]
