"""The whole way out and in, on a real database, with far sides that do as they are told."""

from dataclasses import replace
from datetime import timedelta

from caseway.domain.connection import ChannelSettings, ConnectionSettings, Returning
from caseway.domain.ids import CaseId
from tests.far_side import CLOSED, IN_PROGRESS, RESOLVED
from tests.stories import Story
from tests.sync.conftest import Begin


async def begun(story: Story) -> CaseId:
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    return CaseId((await story.row(kept.key))["case_id"])


async def test_a_message_becomes_a_case_with_one_activity(story: Story) -> None:
    kept = await story.customer_writes("My brake squeals")
    await story.work()

    row = await story.row(kept.key)
    case = story.creatio.cases[CaseId(row["case_id"])]
    assert case.subject == "My brake squeals"
    assert [a.detailed_result for a in story.creatio.activities.values()] == ["My brake squeals"]
    assert (row["agreed"], row["covered_through"], row["lease_until"]) == ("open", 1, None)


async def test_a_reply_reaches_the_customer_once(story: Story) -> None:
    case = await begun(story)
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.webhook(case)
    await story.work()
    await story.webhook(case)
    await story.work()

    assert story.postbox.received == [("customer-1", "We order new pads", False)]


async def test_a_reply_costs_one_call(story: Story) -> None:
    case = await begun(story)
    story.creatio.calls.clear()
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()

    assert story.creatio.calls == ["look"]


async def test_a_further_message_costs_two_calls(story: Story) -> None:
    await begun(story)
    story.creatio.calls.clear()
    await story.customer_writes("Are you there?")
    await story.work()

    assert story.creatio.calls == ["create activity"]  # and the case's status in the same request


async def test_a_closed_case_resolves_the_conversation(story: Story) -> None:
    case = await begun(story)
    story.creatio.agent_replies(case, "Done")
    story.creatio.set_status(case, RESOLVED)
    await story.webhook(case, "case_closed")
    await story.work()

    assert [text for _, text, _ in story.postbox.received] == ["Done", "(resolved)"]
    row = await story.pool.fetchrow(
        "SELECT * FROM conversation WHERE organisation_id = $1", story.connection.organisation
    )
    assert row is not None
    assert row["state"] == "resolved"
    outcome = await story.pool.fetchrow(
        "SELECT outcome, reason FROM webhook_event WHERE organisation_id = $1",
        story.connection.organisation,
    )
    assert outcome is not None
    assert "Resolved" in outcome["reason"]


async def test_the_sweep_brings_what_no_webhook_told(story: Story) -> None:
    case = await begun(story)
    await story.sweeper.pass_over()
    story.creatio.agent_replies(case, "We order new pads")
    await story.pass_time(timedelta(minutes=2))
    await story.sweeper.pass_over()
    await story.work()

    assert story.postbox.received == [("customer-1", "We order new pads", False)]


async def test_a_message_before_the_closure_was_seen_reopens_the_case(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, IN_PROGRESS)
    await story.webhook(case)
    await story.work()
    story.creatio.set_status(case, RESOLVED)
    await story.customer_writes("One more thing")
    await story.webhook(case, "case_closed")
    await story.work()

    assert story.creatio.cases[case].status == IN_PROGRESS
    row = await story.pool.fetchrow(
        "SELECT * FROM conversation WHERE organisation_id = $1", story.connection.organisation
    )
    assert row is not None
    assert row["state"] == "waiting"


async def test_after_a_final_closure_the_message_gets_a_new_case(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, CLOSED)
    await story.customer_writes("One more thing")
    await story.webhook(case, "case_closed")
    await story.work()

    assert len(story.creatio.cases) == 2
    [newer] = [c for c in story.creatio.cases.values() if c.id != case]
    assert "Follows case SR00000001" in newer.description
    texts = [a.detailed_result for a in story.creatio.activities.values() if a.case == newer.id]
    assert texts == ["One more thing"]


async def test_resolved_here_sets_the_status(story: Story) -> None:
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    await story.intake.resolve(kept.key)
    await story.work()

    case = CaseId((await story.row(kept.key))["case_id"])
    assert story.creatio.cases[case].status == RESOLVED
    assert (await story.row(kept.key))["agreed"] == "resolved"


async def test_resolved_before_there_is_a_case_still_writes_the_case(story: Story) -> None:
    kept = await story.customer_writes("My brake squeals")
    await story.intake.resolve(kept.key)
    await story.work()

    row = await story.row(kept.key)
    assert story.creatio.cases[CaseId(row["case_id"])].status == RESOLVED


async def test_a_customer_who_returns_gets_a_new_case(story: Story) -> None:
    case = await begun(story)
    story.creatio.set_status(case, RESOLVED)
    await story.webhook(case, "case_closed")
    await story.work()
    kept = await story.customer_writes("Hello again")
    await story.work()

    assert kept.new_conversation
    assert len(story.creatio.cases) == 2


async def test_a_customer_who_returns_in_time_reopens_the_case(begin: Begin) -> None:
    settings = ConnectionSettings(resolved_status=RESOLVED, returning=Returning.REOPEN)
    story = await begin(settings)
    case = await begun(story)
    story.creatio.set_status(case, RESOLVED)
    await story.webhook(case, "case_closed")
    await story.work()
    kept = await story.customer_writes("Hello again")
    await story.work()

    assert not kept.new_conversation
    assert len(story.creatio.cases) == 1
    assert story.creatio.cases[case].status not in {RESOLVED, CLOSED}


async def test_no_resolved_status_leaves_the_case_open_for_the_returning_customer(
    begin: Begin,
) -> None:
    story = await begin(ConnectionSettings())
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    await story.intake.resolve(kept.key)
    await story.work()
    again = await story.customer_writes("Hello again")
    await story.work()

    assert again.new_conversation
    assert len(story.creatio.cases) == 1
    assert len(story.creatio.activities) == 2


async def test_a_paused_channel_holds_replies_back_however_long(begin: Begin) -> None:
    story = await begin(channel=ChannelSettings(paused_by="Mara"))
    case = await begun(story)
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()
    await story.pass_time(timedelta(days=6))
    await story.work()
    assert story.postbox.received == []
    row = await story.pool.fetchrow(
        "SELECT state, reason, attempts FROM delivery WHERE organisation_id = $1",
        story.connection.organisation,
    )
    assert row is not None
    assert tuple(row) == ("owed", "the channel is paused by Mara", 2)

    story.account = replace(story.account, settings=ChannelSettings())
    await story.pass_time(timedelta(hours=1))
    await story.work()
    assert story.postbox.received == [("customer-1", "We order new pads", False)]
