"""Cases that end, change hands or come back: what the model of the protocol leaves out."""

from datetime import timedelta

import asyncpg
import pytest

from caseway.domain.connection import ConnectionSettings, Opening, Returning
from caseway.domain.conversation import Author
from caseway.domain.ids import CaseId, StatusId
from tests.far_side import CLOSED, IN_PROGRESS, REOPENED, RESOLVED
from tests.stories import Story
from tests.sync.conftest import Begin
from tests.sync.scenarios import begun
from tests.sync.weather import dies

MINUTES = timedelta(minutes=2)


async def closed(story: Story, case: CaseId, status: StatusId = RESOLVED) -> None:
    story.creatio.set_status(case, status)
    await story.webhook(case, "case_closed")
    await story.work()


async def conversation_of(story: Story, case: CaseId) -> asyncpg.Record:
    row = await story.pool.fetchrow("SELECT * FROM conversation WHERE case_id = $1", case)
    assert row is not None
    return row


async def swept(story: Story) -> None:
    await story.pass_time(MINUTES)
    await story.sweeper.pass_over()
    await story.work()


async def test_reopening_the_earlier_case_while_the_next_is_open_parks_nothing(
    story: Story,
) -> None:
    await story.sweeper.pass_over()
    earlier = await begun(story)
    await closed(story, earlier)
    again = await story.customer_writes("Hello again")
    await story.work()
    story.creatio.set_status(earlier, IN_PROGRESS)
    await swept(story)

    row = await conversation_of(story, earlier)
    assert (row["state"], row["agreed"], row["parked_at"]) == ("resolved", "resolved", None)
    story.creatio.agent_replies(earlier, "About the first one")
    await story.webhook(earlier)
    await story.work()
    assert ("customer-1", "About the first one", False) in story.postbox.received
    assert (await story.row(again.key))["state"] == "waiting"


async def test_a_reopening_after_an_unflagged_closure_is_seen_by_the_sweep(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    story.creatio.set_status(case, IN_PROGRESS)
    await swept(story)
    story.creatio.set_status(case, REOPENED)  # no flag
    await closed(story, case, REOPENED)
    assert (await conversation_of(story, case))["state"] == "resolved"
    story.creatio.set_status(case, IN_PROGRESS)
    await swept(story)
    assert (await conversation_of(story, case))["state"] != "resolved"


@pytest.mark.parametrize("where", ["case_made", "create activity"])
async def test_a_death_between_the_next_case_and_its_first_activity_parks_nothing(
    where: str, story: Story
) -> None:
    case = await begun(story)
    story.creatio.set_status(case, CLOSED)
    kept = await story.customer_writes("One more thing")
    await story.webhook(case, "case_closed")
    await dies(story, where, "die before")
    await story.pass_time(MINUTES)
    await story.healing.heal(older_than=timedelta(minutes=1))
    await story.work()

    row = await story.row(kept.key)
    assert (row["parked_reason"], row["agreed"]) == (None, "open")
    found = [a for a in story.creatio.activities.values() if a.case == row["case_id"]]
    assert [a.detailed_result for a in found] == ["One more thing"]


async def test_the_word_of_closure_for_the_earlier_case_does_not_end_the_next(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, CLOSED)
    kept = await story.customer_writes("One more thing")
    await story.webhook(case)
    await story.work()
    assert (await story.row(kept.key))["case_ordinal"] == 2
    await story.webhook(case, "case_closed")  # late
    await story.work()
    assert (await story.row(kept.key))["state"] == "waiting"


async def test_a_reply_on_the_earlier_case_of_a_conversation_arrives(story: Story) -> None:
    await story.sweeper.pass_over()
    case = await begun(story)
    story.creatio.set_status(case, CLOSED)
    kept = await story.customer_writes("One more thing")
    await story.webhook(case)
    await story.work()
    assert (await story.row(kept.key))["case_ordinal"] == 2
    story.creatio.agent_replies(case, "On the old case")
    await story.webhook(case)
    await story.work()
    story.creatio.agent_replies(case, "Once more")
    await swept(story)
    assert [t for _, t, _ in story.postbox.received if t != "(resolved)"] == [
        "On the old case",
        "Once more",
    ]


async def test_what_is_owed_to_a_case_that_was_handed_over_is_written(begin: Begin) -> None:
    story = await begin(ConnectionSettings())
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    story.postbox.fate = lambda: "busy"
    case = CaseId((await story.row(kept.key))["case_id"])
    await story.intake.resolve(kept.key)
    await story.work()
    await story.customer_writes("Hello again")
    await story.work()
    story.postbox.fate = lambda: "never"
    await story.pass_time(MINUTES)
    await story.work()
    assert (await story.row(kept.key))["parked_reason"] is None
    texts = [a.detailed_result for a in story.creatio.activities.values()]
    assert [t for t in texts if "did not reach" in t]
    assert {a.case for a in story.creatio.activities.values()} == {case}


async def test_a_case_that_was_closed_after_it_was_left_open_is_not_taken_over(
    begin: Begin,
) -> None:
    story = await begin(ConnectionSettings())
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    case = CaseId((await story.row(kept.key))["case_id"])
    await story.intake.resolve(kept.key)
    await story.work()
    await closed(story, case)
    await story.customer_writes("Hello again")
    await story.work()
    assert len(story.creatio.cases) == 2
    assert story.creatio.cases[case].status == RESOLVED


async def test_on_hand_off_only_the_case_holds_all_that_was_said_before(begin: Begin) -> None:
    story = await begin(ConnectionSettings(opening=Opening.HANDOFF))
    kept = await story.customer_writes("Where is my order?", starts_as_ai=True)
    await story.intake.add(
        kept.key, author=Author.AI, text="On its way.", provider_id="", connection=story.connection
    )
    await story.customer_writes("I want a person", starts_as_ai=True)
    await story.work()
    assert (story.creatio.calls, story.creatio.cases) == ([], {})

    await story.intake.hand_off(kept.key, "Asked for a person.")
    await story.work()
    assert len(story.creatio.cases) == 1
    written = sorted(story.creatio.activities.values(), key=lambda a: a.created_on)
    assert [a.detailed_result for a in written] == [
        "Where is my order?",
        "On its way.",
        "I want a person",
        "Asked for a person.",
    ]
    assert written[-1].title == "Caseway · handed off to a person"
    assert (await story.row(kept.key))["state"] == "waiting"


async def test_who_comes_back_to_a_conversation_without_a_case_gets_one(begin: Begin) -> None:
    story = await begin(ConnectionSettings(opening=Opening.HANDOFF, returning=Returning.REOPEN))
    kept = await story.customer_writes("Where is my order?", starts_as_ai=True)
    await story.work()
    await story.intake.resolve(kept.key)
    await story.work()
    again = await story.customer_writes("Hello?", starts_as_ai=True)
    await story.work()
    assert not again.new_conversation
    assert [a.detailed_result for a in story.creatio.activities.values()] == [
        "Where is my order?",
        "Hello?",
    ]


async def test_a_resolved_status_without_a_flag_stays_resolved(begin: Begin) -> None:
    story = await begin(ConnectionSettings(resolved_status=IN_PROGRESS))
    await story.sweeper.pass_over()
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    await story.intake.resolve(kept.key)
    await story.work()
    await swept(story)
    row = await story.row(kept.key)
    case = CaseId(row["case_id"])
    story.creatio.agent_replies(case, "By the way")
    await story.webhook(case)
    await story.work()
    row = await story.row(kept.key)
    assert (row["state"], row["agreed"]) == ("resolved", "resolved")


async def test_a_refused_activity_is_not_sudden_emptiness(story: Story) -> None:
    """Creatio refuses the only activity: the case is empty, as it should be."""
    story.creatio.fate = lambda kind: "refused" if kind == "create activity" else "ok"
    case = await begun(story)
    await story.webhook(case)
    await story.work()
    row = await conversation_of(story, case)
    assert row["parked_reason"] is None


async def test_the_closing_line_follows_replies_that_are_still_owed(story: Story) -> None:
    case = await begun(story)
    story.postbox.fate = lambda: "busy"
    creatio = story.creatio
    creatio.agent_replies(case, "Soon done", at=creatio.now() + timedelta(minutes=10))
    await story.webhook(case)
    await story.work()
    await story.intake.resolve((await story.customer_writes("Thanks")).key)
    await story.work()
    story.postbox.fate = lambda: "ok"
    await story.pass_time(MINUTES)
    await story.work()
    assert [t for _, t, _ in story.postbox.received] == ["Soon done", "(resolved)"]
