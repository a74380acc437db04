"""The three lines at the foot of every page agree with what is owed and what is troubled."""

from datetime import UTC, datetime, timedelta

from caseway.domain.ids import CaseId
from caseway.store.glance import PostgresGlances
from caseway.web.dashboard.glance import Foot, Shown, told
from tests.stories import Story
from tests.sync.conftest import Begin


async def glance(story: Story) -> Shown:
    seen = await PostgresGlances(story.web).glance(story.connection.organisation)
    return told(seen, datetime.now(tz=UTC))


async def test_what_is_owed_is_counted_with_the_age_of_the_oldest(story: Story) -> None:
    seen = await glance(story)
    assert seen.owed == "0"
    assert (seen.channel.word, seen.channel.shown) == ("not_checked", "Nothing yet")

    kept = await story.customer_writes("My brake squeals")
    await story.work()
    case = CaseId((await story.row(kept.key))["case_id"])
    story.postbox.fate = lambda: "busy"
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()
    await story.pass_time(timedelta(minutes=41))

    seen = await glance(story)
    assert seen.owed == "1, oldest 41 min"
    assert (seen.channel.word, seen.channel.shown) == ("degraded", "1 retrying")
    assert (seen.worst.word, seen.worst.shown) == ("degraded", "1 owed")

    story.postbox.fate = lambda: "ok"
    await story.work()
    seen = await glance(story)
    assert (seen.owed, seen.channel.word) == ("0", "healthy")


async def test_a_connection_in_trouble_is_down_until_it_answers(story: Story) -> None:
    where = "WHERE organisation_id = $1"
    ours = story.connection.organisation
    await story.pool.execute(f"UPDATE connection SET last_success_at = now() {where}", ours)
    assert (await glance(story)).creatio.word == "healthy"

    await story.pool.execute(f"UPDATE connection SET trouble = 'refuses us' {where}", ours)
    assert (await glance(story)).worst.shown == "Creatio down"


async def test_another_organisations_debts_are_not_counted(begin: Begin) -> None:
    ours, theirs = await begin(), await begin()
    kept = await theirs.customer_writes("Hello")
    await theirs.work()
    theirs.postbox.fate = lambda: "busy"
    case = CaseId((await theirs.row(kept.key))["case_id"])
    theirs.creatio.agent_replies(case, "Good day")
    await theirs.webhook(case)
    await theirs.work()

    assert (await glance(theirs)).owed.startswith("1, ")
    assert (await glance(ours)).owed == "0"


async def test_the_store_is_asked_once_a_second_at_most(story: Story) -> None:
    now = datetime.now(tz=UTC)
    foot = Foot(PostgresGlances(story.web), lambda: now)
    ours = story.connection.organisation
    assert (await foot.of(ours)).creatio.word == "not_checked"

    await story.pool.execute(
        "UPDATE connection SET last_success_at = now() WHERE organisation_id = $1", ours
    )
    now += timedelta(milliseconds=900)
    assert (await foot.of(ours)).creatio.word == "not_checked"
    now += timedelta(milliseconds=200)
    assert (await foot.of(ours)).creatio.word == "healthy"
