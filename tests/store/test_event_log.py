"""The event log answers as if it were one list, however it is filtered and wherever it is cut."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from caseway.domain.adoption import Outcome
from caseway.domain.ids import CaseId, ConversationId, EventId, OrganisationId
from caseway.ports.event_log import EventFilter, Place
from caseway.store.event_counts import PostgresEventCounts
from caseway.store.event_log import PostgresEventLog
from tests.events import keep
from tests.stories import Story, begin_story
from tests.sync.scenarios import begun

Pool = asyncpg.Pool
NOON = datetime.now(tz=UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass
class Log:
    story: Story
    conversation: ConversationId
    case: CaseId

    @property
    def organisation(self) -> OrganisationId:
        return self.story.connection.organisation

    async def keep(self, second: int, **more: object) -> EventId:
        return await keep(
            self.story.owner,
            self.organisation,
            self.story.connection.id,
            at=NOON + second * SECOND,
            **more,  # type: ignore[arg-type] # columns by name
        )

    async def all(
        self, wanted: EventFilter, *, limit: int = 3, reach: int = 1000
    ) -> tuple[list[EventId], int]:
        """Page by page to the end; how many pages it took."""
        log = PostgresEventLog(self.story.web, reach=reach)
        found: list[EventId] = []
        before: Place | None = None
        for pages in range(1, 100):
            page = await log.page(self.organisation, wanted, before=before, limit=limit)
            assert len(page.items) <= limit
            found += [event.id for event in page.items]
            if page.next is None:
                return found, pages
            assert before is None or page.next < before, "it goes on"
            before = page.next
        raise AssertionError("the pages never end")


@pytest.fixture
async def log(
    owner_pool: "Pool[asyncpg.Record]",
    pool: "Pool[asyncpg.Record]",
    web_pool: "Pool[asyncpg.Record]",
) -> AsyncIterator[Log]:
    story = await begin_story(owner_pool, pool, web_pool)
    case = await begun(story)
    conversation = await owner_pool.fetchval("SELECT id FROM conversation WHERE case_id = $1", case)
    await owner_pool.execute("DELETE FROM webhook_event")
    yield Log(story, ConversationId(conversation), case)
    await story.leave()


async def test_every_filter_shows_what_it_names_newest_first_in_pages_that_miss_nothing(
    log: Log,
) -> None:
    other_case = CaseId(uuid4())
    kept: dict[str, EventId] = {}
    for second in range(10):
        kept[f"ours {second}"] = await log.keep(
            second, conversation=log.conversation, case=log.case
        )
        kept[f"not ours {second}"] = await log.keep(
            second, outcome="ignored", case=other_case, reason="The case is not one of ours."
        )
    kept["closed"] = await log.keep(
        20, type="case_closed", conversation=log.conversation, case=log.case
    )
    kept["healed"] = await log.keep(
        21, outcome="healed", found_by="sweep", conversation=log.conversation, case=log.case
    )
    kept["rejected"] = await log.keep(2, outcome="rejected", type="", reason="No JSON.")
    names = {event: name for name, event in kept.items()}

    async def shown(**wanted: object) -> list[str]:
        found, _ = await log.all(EventFilter(**wanted))  # type: ignore[arg-type] # by name
        return [names[event] for event in found]

    ours = [f"ours {n}" for n in range(9, -1, -1)]
    not_ours = [f"not ours {n}" for n in range(9, -1, -1)]
    everything = await shown()
    assert sorted(everything) == sorted(kept)
    assert everything[:2] == ["healed", "closed"]
    assert await shown(outcome=Outcome.ACCEPTED) == ["closed", *ours]
    assert await shown(outcome=Outcome.IGNORED) == not_ours
    assert await shown(outcome=Outcome.REJECTED) == ["rejected"]
    assert await shown(type="case_closed") == ["closed"]
    assert await shown(found_by="sweep") == ["healed"]
    assert await shown(conversation=log.conversation) == ["healed", "closed", *ours]
    assert await shown(case=log.case) == ["healed", "closed", *ours]
    assert await shown(case=other_case) == not_ours
    assert await shown(connection=uuid4()) == []
    span = {"since": NOON + 2 * SECOND, "until": NOON + 3 * SECOND}
    assert sorted(await shown(**span)) == ["not ours 2", "ours 2", "rejected"]
    assert await shown(**span, outcome=Outcome.IGNORED) == ["not ours 2"]
    assert await shown(conversation=log.conversation, outcome=Outcome.HEALED) == ["healed"]


async def test_a_search_for_something_rare_goes_on_from_where_it_stopped(log: Log) -> None:
    rare = await log.keep(0, type="case_closed")
    also = await log.keep(30, type="case_closed")
    for second in range(1, 60):
        if second != 30:
            await log.keep(second)
    pages = PostgresEventLog(log.story.web, reach=20)
    first = await pages.page(
        log.organisation, EventFilter(type="case_closed"), before=None, limit=5
    )
    assert (first.items, first.searched_to) == ((), NOON + 40 * SECOND)
    found, many = await log.all(EventFilter(type="case_closed"), reach=20)
    assert (found, many) == ([also, rare], 4)


async def test_a_case_that_two_conversations_had_shows_the_events_of_both(log: Log) -> None:
    story = log.story
    second = (await story.customer_writes("I am back", peer="customer-2")).key.conversation
    await story.owner.execute(
        """INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal)
           VALUES ($1, $2, $3, $4, 1)""",
        log.organisation,
        story.connection.id,
        log.case,
        second,
    )
    kept = [
        await log.keep(n, conversation=second if n % 3 else log.conversation, case=log.case)
        for n in range(12)
    ]
    for reach in (2, 4, 5, 1000):
        for limit in (3, 10):
            found, _ = await log.all(EventFilter(case=log.case), reach=reach, limit=limit)
            assert found == kept[::-1], (reach, limit)


async def test_one_event_is_told_with_its_looks_its_reply_and_its_token(log: Log) -> None:
    story = log.story
    story.creatio.agent_replies(log.case, "We order new pads")
    token = await story.owner.fetchval("SELECT public_name FROM webhook_token")
    await story.webhook(log.case)
    await story.owner.execute("UPDATE webhook_event SET token_name = $1", token)
    await story.work()
    event = await story.owner.fetchval("SELECT id FROM webhook_event")
    pages = PostgresEventLog(story.web)
    told = await pages.event(log.organisation, event)

    assert told is not None
    assert told.token is not None
    assert (told.token.public_name, told.body) == (token, b"{}")
    assert [line.deed for line in told.ran[0].lines][-1] == "sent reply, attempt 1"
    [reply] = told.brought
    assert (reply.state, reply.attempts, reply.channel_name) == ("delivered", 1, "shop")
    page = await pages.page(log.organisation, EventFilter(), before=None, limit=5)
    looks = await pages.looks_around(log.organisation, page.items)
    after, before = looks[event].after, looks[event].before
    assert after is not None
    assert before is not None
    assert (after.id, before.lines[-1].deed) == (told.ran[0].id, "created 1 activity")
    assert await pages.newest(log.organisation) == event
    assert await pages.place(log.organisation, event) == (told.noticed.received_at, event)
    assert await pages.event(OrganisationId(uuid4()), event) is None


async def test_a_reply_that_waited_for_creatio_still_belongs_to_its_event(log: Log) -> None:
    story = log.story
    story.creatio.agent_replies(log.case, "We order new pads")
    await story.webhook(log.case)
    story.creatio.fate = lambda _kind: "busy"
    await story.work()
    story.creatio.fate = lambda _kind: "ok"
    await story.pass_time(timedelta(minutes=5))
    await story.work()
    event = await story.owner.fetchval("SELECT id FROM webhook_event")
    told = await PostgresEventLog(story.web).event(log.organisation, event)
    assert told is not None
    assert (len(told.ran), len(told.brought)) == (2, 1)


async def test_a_reply_that_came_after_a_long_outage_still_belongs_to_its_event(log: Log) -> None:
    story, pages = log.story, PostgresEventLog(log.story.web)
    story.creatio.agent_replies(log.case, "We order new pads")
    await story.webhook(log.case)
    await story.owner.execute("UPDATE webhook_event SET received_at = received_at - interval '3 h'")
    await story.owner.execute(
        "UPDATE run SET begun_at = begun_at - interval '4 h', ended_at = ended_at - interval '4 h'"
    )
    await story.owner.execute(
        """INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, ended_at,
                            steps)
           SELECT $1, gen_random_uuid(), $2, $4, at, at, $3::jsonb
             FROM generate_series(now() - interval '3 h', now() - interval '10 s', '9 min') at""",
        log.organisation,
        log.conversation,
        '[{"at": 5, "side": "creatio", "deed": "asked about the case", "why": "Creatio answered 503",'
        ' "outcome": "later"}]',
        story.connection.id,
    )
    event = await story.owner.fetchval("SELECT id FROM webhook_event")
    told = await pages.event(log.organisation, event)
    assert told is not None
    assert not any(look.was_answered for look in told.ran)
    await story.work()
    told = await pages.event(log.organisation, event)
    assert told is not None
    assert [reply.state for reply in told.brought] == ["delivered"]
    page = await pages.page(log.organisation, EventFilter(), before=None, limit=1)
    after = (await pages.looks_around(log.organisation, page.items))[event].after
    assert after is not None
    assert after.lines[-1].deed == "sent reply, attempt 1"


async def test_a_look_that_began_in_the_moment_before_an_event_is_not_because_of_it(
    log: Log,
) -> None:
    """Calls come in quick succession: the reply is what the next look read."""
    story = log.story
    await story.webhook(log.case)
    await story.work()
    story.creatio.agent_replies(log.case, "We order new pads")
    await story.webhook(log.case)
    event = await story.owner.fetchval(
        "SELECT id FROM webhook_event ORDER BY received_at DESC LIMIT 1"
    )
    moment = await story.owner.fetchval(
        "SELECT (SELECT max(received_at) FROM webhook_event) - (SELECT max(begun_at) FROM run)"
    )
    await story.owner.execute(
        "UPDATE run SET begun_at = begun_at + $1, ended_at = ended_at + $1",
        moment - timedelta(milliseconds=10),
    )
    await story.work()
    told = await PostgresEventLog(story.web).event(log.organisation, event)
    assert told is not None
    assert [reply.state for reply in told.brought] == ["delivered"]


async def test_a_reply_that_was_read_just_before_its_event_came_is_shown_with_it(log: Log) -> None:
    """Creatio's process is slow, or something else made us look: the reply is already here."""
    story = log.story
    story.creatio.agent_replies(log.case, "We order new pads")
    await story.webhook(log.case)
    await story.work()
    await story.webhook(log.case)
    late = await story.owner.fetchval(
        "SELECT id FROM webhook_event ORDER BY received_at DESC LIMIT 1"
    )
    since_read = await story.owner.fetchval(
        "SELECT (SELECT max(received_at) FROM webhook_event) - (SELECT max(begun_at) FROM run)"
    )
    for moments in (
        "run SET begun_at = begun_at + $1, ended_at = ended_at + $1",
        "message SET kept_at = kept_at + $1",
    ):
        await story.owner.execute(f"UPDATE {moments}", since_read - 5 * SECOND)
    story.creatio.fate = lambda _kind: "busy"
    await story.work()
    told = await PostgresEventLog(story.web).event(log.organisation, late)
    assert told is not None
    assert told.brought == (), "nobody knows yet what it tells of"
    story.creatio.fate = lambda _kind: "ok"
    await story.pass_time(timedelta(minutes=5))
    await story.work()
    told = await PostgresEventLog(story.web).event(log.organisation, late)
    assert told is not None
    assert told.before is not None
    assert "sent reply, attempt 1" in [line.deed for line in told.before.lines]
    assert "sent reply, attempt 1" not in [line.deed for line in told.ran[0].lines]
    assert [reply.state for reply in told.brought] == ["delivered"]


async def test_events_are_counted_once_by_whoever_counts_and_the_newest_at_once(log: Log) -> None:
    for second in (0, 59, 61, 200):
        await log.keep(second)
    await log.keep(60, outcome="rejected")
    await log.story.owner.execute(
        "UPDATE event_counted SET through = $1", NOON - timedelta(hours=1)
    )
    pages = PostgresEventLog(log.story.web)

    async def strip(bar: timedelta) -> dict[tuple[int, str], int]:
        found = await pages.strip(
            log.organisation, since=NOON, until=NOON + timedelta(hours=4), bar=bar
        )
        return {(round((one.at - NOON) / bar), one.outcome): one.events for one in found.counts}

    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    uncounted = await strip(minute), await strip(hour)
    counts = PostgresEventCounts(log.story.pool)
    assert await counts.count() > 60
    assert await counts.count() <= 1, "once"
    await PostgresEventCounts(log.story.pool).count()
    assert (await strip(minute), await strip(hour)) == uncounted
    assert uncounted == (
        {(0, "accepted"): 2, (1, "accepted"): 1, (1, "rejected"): 1, (3, "accepted"): 1},
        {(0, "accepted"): 4, (0, "rejected"): 1},
    )


async def test_a_wrong_token_is_shown_to_whom_it_was_meant_for(log: Log) -> None:
    story, pages = log.story, PostgresEventLog(log.story.web)
    mine = await story.owner.fetchval("SELECT public_name FROM webhook_token")
    today = datetime.now(tz=UTC)
    await story.owner.execute(
        "INSERT INTO refusal_count (public_name, source, day, refusals) VALUES"
        " ($1, '203.0.113.77', $2, 3), ('stranger', '203.0.113.9', $2, 1),"
        " ($1, '203.0.113.77', $2 - 1, 9)",
        mine,
        today.date(),
    )

    async def told() -> list[tuple[str, int, bool]]:
        found = await pages.refused(log.organisation, today)
        return [(one.public_name, one.calls, one.known) for one in found]

    assert await told() == [(mine, 3, True), ("stranger", 1, False)]
    await story.owner.execute("INSERT INTO organisation (id, name) VALUES ($1, 'x')", uuid4())
    assert await told() == [(mine, 3, True)], "a stranger's may be meant for anybody"


async def test_a_cases_number_means_whoever_has_it_or_had_it_and_nobody_elses_events(
    log: Log,
) -> None:
    story, number = log.story, EventFilter(number="sr00000042")
    second = (await story.customer_writes("I am back", peer="customer-2")).key.conversation
    await log.keep(0, outcome="ignored", case=CaseId(uuid4()))
    mine = await log.keep(1, conversation=log.conversation, case=log.case)
    theirs = await log.keep(2, conversation=second)
    assert (await log.all(number))[0] == []
    await story.owner.execute(
        "UPDATE conversation SET case_number = 'SR00000042' WHERE id = $1", log.conversation
    )
    assert (await log.all(number))[0] == [mine]
    await story.owner.execute(
        """INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal,
                                  number)
           VALUES ($1, $2, $3, $4, 1, 'SR00000042')""",
        log.organisation,
        story.connection.id,
        uuid4(),
        second,
    )
    assert (await log.all(number))[0] == [theirs, mine]
