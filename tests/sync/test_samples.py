"""The activities on which a reply rule is tried: read once, kept a while, shown in an outage."""

from dataclasses import replace
from uuid import uuid4

from caseway.domain.ids import CaseId, ConnectionId, ConversationKey
from caseway.ports import Standing
from caseway.store.samples import PostgresSamples
from caseway.sync.samples import FRESH, NewestActivities
from tests.stories import Story


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def newest(story: Story, clock: Clock) -> NewestActivities:
    return NewestActivities(
        PostgresSamples(story.web), lambda _connection: story.creatio, monotonic=clock
    )


async def with_a_case(story: Story, text: str, peer: str) -> tuple[CaseId, ConversationKey]:
    kept = await story.customer_writes(text, peer=peer)
    await story.work()
    return CaseId((await story.row(kept.key))["case_id"]), kept.key


async def test_the_newest_activities_of_our_cases_with_what_we_know_of_each(story: Story) -> None:
    case, conversation = await with_a_case(story, "My brake squeals", "customer-1")
    answered = story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()
    fresh = story.creatio.agent_replies(case, "They are here")
    story.creatio.agent_replies(CaseId(uuid4()), "on a case of somebody else")

    sample = await newest(story, Clock()).newest(story.connection)
    found = {one.activity.id: one for one in sample.found}
    assert len(found) == 3
    assert sample.found[0].activity.id == fresh
    assert (found[fresh].standing, found[answered].standing) == (None, Standing.KEPT)
    assert sorted(one.standing or "" for one in sample.found) == ["", "kept", "ours"]
    about = found[fresh].about
    assert (about.case, about.conversation) == (case, conversation.conversation)
    assert (about.customer, about.channel, about.channel_kind) == ("Ines", "shop", "api")


async def test_playing_with_the_rule_costs_no_call(story: Story) -> None:
    case, _ = await with_a_case(story, "Hello", "customer-1")
    clock = Clock()
    samples = newest(story, clock)
    story.creatio.calls.clear()
    first = await samples.newest(story.connection)
    story.creatio.agent_replies(case, "later")
    for _ in range(5):
        again = await samples.newest(story.connection)
        assert (again.read_at, again.found) == (first.read_at, first.found)
    assert story.creatio.calls == ["preview"]
    await samples.newest(story.connection, marked_by="UsrInternal")
    assert len((await samples.newest(story.connection, anew=True)).found) == 2
    clock.now += FRESH.total_seconds()
    await samples.newest(story.connection)
    assert story.creatio.calls == ["preview"] * 4


async def test_while_creatio_is_down_the_last_ones_are_shown_with_their_time(story: Story) -> None:
    await with_a_case(story, "Hello", "customer-1")
    clock = Clock()
    samples = newest(story, clock)
    first = await samples.newest(story.connection)
    story.creatio.fate = lambda _kind: "down"
    clock.now += FRESH.total_seconds()
    for marked_by in ("", "UsrInternal"):
        last = await samples.newest(story.connection, marked_by=marked_by)
        assert (last.read_at, last.found) == (first.read_at, first.found)
        assert last.trouble
        assert not last.is_refused
    nothing = await newest(story, clock).newest(story.connection)
    assert (nothing.read_at, list(nothing.found), bool(nothing.trouble)) == (None, [], True)


async def test_another_connections_cases_are_left_out(story: Story) -> None:
    await with_a_case(story, "Hello", "customer-1")
    other = replace(story.connection, id=ConnectionId(uuid4()))
    story.creatio.calls.clear()
    sample = await newest(story, Clock()).newest(other)
    assert (list(sample.found), sample.trouble, story.creatio.calls) == ([], "", [])
