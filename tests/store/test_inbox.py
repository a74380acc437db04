"""The list of conversations: what it finds, in which order, and whose."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from caseway.domain.conversation import Author, State
from caseway.domain.delivery import State as Debt
from caseway.domain.finding import sought
from caseway.domain.ids import CaseId, ConversationId
from caseway.ports import Inbound
from caseway.ports.inbox import Filters, Needs
from caseway.store.inbox import PostgresInbox
from tests.stories import Story, begin_story

ANY = Filters(None, frozenset(), None, frozenset())
Begin = Callable[[], Awaitable[Story]]


@pytest.fixture
def begin(
    owner_pool: "asyncpg.Pool[asyncpg.Record]",
    pool: "asyncpg.Pool[asyncpg.Record]",
    web_pool: "asyncpg.Pool[asyncpg.Record]",
) -> Begin:
    return lambda: begin_story(owner_pool, pool, web_pool)


@pytest.fixture
async def story(begin: Begin) -> Story:
    return await begin()


async def writes(
    story: Story,
    name: str = "Ines Costa",
    *,
    email: str = "",
    phone: str = "",
    text: str = "Hello",
    verified: bool = True,
) -> ConversationId:
    peer = email or phone or name or str(uuid4())
    kept = await story.intake.keep(
        Inbound(
            organisation=story.connection.organisation,
            channel=story.account.id,
            peer=peer,
            address=peer,
            author=Author.CONTACT,
            name=name,
            email=email,
            phone=phone,
            verified=verified,
            text=text,
            provider_id="",
            written_at=datetime.now(tz=UTC),
        ),
        story.connection,
    )
    return kept.key.conversation


async def case_of(story: Story, peer: str) -> CaseId:
    found = await story.pool.fetchval("SELECT case_id FROM conversation WHERE peer = $1", peer)
    return CaseId(found)


async def found(story: Story, filters: Filters = ANY, most: int = 50) -> list[str]:
    page = await PostgresInbox(story.web).page(story.connection.organisation, filters, most=most)
    return [row.name for row in page.rows]


async def search(story: Story, text: str) -> list[str]:
    return await found(story, replace(ANY, sought=sought(text)))


async def test_a_conversation_is_found_by_whatever_a_person_knows_of_it(
    story: Story, begin: Begin
) -> None:
    ines = await writes(story, "Inês Costa", phone="+351915550204")
    await writes(story, "Tomasz Wójcik", email="Tomasz@Example.com")
    await writes(story, "Léa Bernard", email="lea@example.com", verified=False)
    await story.work()  # cases SR00000001 to 3
    other = await begin()
    await writes(other, "Ines of someone else", email="tomasz@example.com")

    assert await search(story, "ines") == ["Inês Costa"]
    assert await search(story, "INÊS CO") == ["Inês Costa"]
    assert await search(story, "cos") == ["Inês Costa"], "by a later word"
    assert await search(story, "costa ines") == ["Inês Costa"]
    assert await search(story, "costa tomasz") == []
    assert await search(story, "tomasz@") == ["Tomasz Wójcik"]
    assert await search(story, "wojcik") == ["Tomasz Wójcik"]
    assert await search(story, "lea@example.com") == ["Léa Bernard"], "verified or not"
    assert await search(story, "+351 91 555") == ["Inês Costa"]
    assert await search(story, "sr0000000") == ["Léa Bernard", "Tomasz Wójcik", "Inês Costa"]
    assert await search(story, str(ines)) == ["Inês Costa"]
    assert await search(story, str(ines)[:8]) == ["Inês Costa"]
    assert await search(story, "nobody") == []
    assert await search(story, "%") == []


async def test_a_name_that_is_learnt_later_is_found_from_then_on(story: Story) -> None:
    await writes(story, "", email="ines@example.com")
    assert await search(story, "costa") == []
    await writes(story, "Ines Costa", email="ines@example.com")
    assert await search(story, "costa") == ["Ines Costa"]


async def test_a_person_known_by_email_is_known_again_whatever_its_capitals(story: Story) -> None:
    await writes(story, "Ines Costa", email="Ines@Example.com")
    await writes(story, "", email="ines@example.COM")
    contacts = await story.pool.fetchval(
        "SELECT count(*) FROM contact WHERE organisation_id = $1", story.connection.organisation
    )
    assert contacts == 1


async def test_an_earlier_case_still_finds_its_conversation(story: Story) -> None:
    conversation = await writes(story)
    await story.pool.execute(
        """INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal,
                                  number) VALUES ($1, $2, $3, $4, 1, 'SR00011902')""",
        story.connection.organisation,
        story.connection.id,
        uuid4(),
        conversation,
    )
    assert await search(story, "SR00011902") == ["Ines Costa"]


async def test_who_said_something_last_comes_first(story: Story) -> None:
    await writes(story, "first", email="1@example.com")
    await writes(story, "second", email="2@example.com")
    await writes(story, "third", email="3@example.com")
    assert await found(story) == ["third", "second", "first"]
    await writes(story, "first", email="1@example.com", text="And another thing")
    assert await found(story) == ["first", "third", "second"]
    await story.work()
    case = (
        await story.pool.fetchrow("SELECT case_id FROM conversation WHERE peer = '2@example.com'")
    )["case_id"]  # type: ignore[index] # it is there
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()

    page = await PostgresInbox(story.web).page(story.connection.organisation, ANY, most=50)
    top = page.rows[0]
    assert (top.name, top.last_author, top.last_said) == (
        "second",
        Author.AGENT,
        "We order new pads",
    )
    assert (top.state, top.reply, top.case_number) == (State.HUMAN, Debt.DELIVERED, "SR00000002")


async def test_filters_narrow_the_list(story: Story) -> None:
    await writes(story, "waits", email="1@example.com")
    await writes(story, "answered", email="2@example.com")
    await writes(story, "done", email="3@example.com")
    await story.pool.execute("UPDATE conversation SET state = 'human' WHERE peer = '2@example.com'")
    await story.pool.execute(
        "UPDATE conversation SET state = 'resolved' WHERE peer = '3@example.com'"
    )
    waiting = replace(ANY, states=frozenset({State.WAITING}))
    open_ = replace(ANY, states=frozenset({State.AI, State.WAITING, State.HUMAN}))

    assert await found(story, waiting) == ["waits"]
    assert await found(story, open_) == ["answered", "waits"]
    assert await found(story, replace(ANY, channel=story.account.id)) == [
        "done",
        "answered",
        "waits",
    ]
    assert await found(story, replace(waiting, sought=sought("answered"))) == []
    counts = await PostgresInbox(story.web).counts(story.connection.organisation)
    assert (counts.open, counts.waiting, counts.human, counts.ai) == (2, 1, 1, 0)


@pytest.mark.parametrize("state", ["owed", "unknown", "failed"])
async def test_the_list_is_narrowed_to_replies_that_stand_so(story: Story, state: str) -> None:
    for name in ("has it", "has not"):
        await writes(story, name, email=f"{name[4:]}@example.com")
    await story.work()
    case = await case_of(story, "it@example.com")
    for words in ("one", "two"):
        story.creatio.agent_replies(case, words)
    await story.webhook(case)
    await story.work()
    await story.pool.execute("UPDATE delivery SET state = $1, settled_at = now()", state)
    so = replace(ANY, deliveries=frozenset({Debt(state)}))

    assert await found(story, so) == ["has it"], "once, though both replies stand so"
    assert await found(story, replace(so, sought=sought("has"))) == ["has it"]
    assert await found(story, replace(so, states=frozenset({State.RESOLVED}))) == []
    others = frozenset(Debt) - {Debt(state)}
    assert await found(story, replace(so, deliveries=others)) == []


async def test_pages_follow_one_another_without_gap_or_repeat(story: Story) -> None:
    desk = PostgresInbox(story.web, window=4)
    for number in range(7):
        await writes(story, f"n{number}", email=f"{number}@example.com")
    await story.pool.execute(
        "UPDATE conversation SET said_at = now() WHERE organisation_id = $1",  # all at one moment
        story.connection.organisation,
    )
    await story.work()
    for row in await story.pool.fetch("SELECT case_id FROM conversation"):
        story.creatio.agent_replies(row["case_id"], "Hello")
        await story.webhook(row["case_id"])
    await story.work()
    await story.pool.execute("UPDATE delivery SET state = 'owed', owed_at = now()")
    everyone = {f"n{number}" for number in range(7)}

    for filters in (ANY, replace(ANY, deliveries=frozenset({Debt.OWED}))):
        seen: list[str] = []
        before: tuple[datetime, UUID] | None = None
        for _ in range(7):
            page = await desk.page(
                story.connection.organisation, replace(filters, before=before), most=3
            )
            seen += [row.name for row in page.rows]
            before = page.older
            if before is None:
                break
        assert (len(seen), set(seen)) == (7, everyone)
    owed = replace(ANY, deliveries=frozenset({Debt.OWED}))
    whole = await PostgresInbox(story.web).page(story.connection.organisation, owed, most=7)
    assert (len(whole.rows), whole.older) == (7, None), "nothing is left for another page"


async def test_a_search_that_finds_too_much_says_so(story: Story) -> None:
    for number in range(3):
        await writes(story, f"Ines {number}", email=f"{number}@example.com")
    asked = replace(ANY, sought=sought("ines"))
    desk = PostgresInbox(story.web)
    assert not (await desk.page(story.connection.organisation, asked, most=50)).too_broad
    desk = PostgresInbox(story.web, window=2)
    assert (await desk.page(story.connection.organisation, asked, most=50)).too_broad
    resolved = replace(asked, states=frozenset({State.RESOLVED}))
    page = await desk.page(story.connection.organisation, resolved, most=50)
    assert (page.rows, page.too_broad) == ([], True), "nobody knows whether another one fits"


async def test_the_list_hears_how_a_reply_fares(story: Story) -> None:
    await writes(story, email="ines@example.com")
    await story.work()
    case = await case_of(story, "ines@example.com")
    story.creatio.agent_replies(case, "We order new pads")
    story.postbox.fate = lambda: "busy"
    await story.webhook(case)
    await story.work()
    desk, ours = PostgresInbox(story.web), story.connection.organisation
    heard = [await desk.token(ours)]
    for state in ("sent", "delivered", "read"):
        await story.pool.execute(
            "UPDATE delivery SET state = $1, settled_at = coalesce(settled_at, now())", state
        )
        heard.append(await desk.token(ours))
    await story.pool.execute("UPDATE delivery SET state = 'unknown', settled_at = NULL")
    heard.append(await desk.token(ours))
    assert len(set(heard)) == len(heard)


async def test_what_failed_for_good_needs_a_person_until_the_conversation_is_resolved(
    story: Story,
) -> None:
    await writes(story)
    await story.work()
    row = await story.pool.fetchrow("SELECT id, case_id FROM conversation")
    assert row is not None
    story.creatio.agent_replies(row["case_id"], "We order new pads")
    story.postbox.fate = lambda: "never"
    await story.webhook(row["case_id"])
    await story.work()
    desk, ours = PostgresInbox(story.web), story.connection.organisation
    [need] = (await desk.needs(ours, most=5)).found

    assert (need.kind, need.reason, need.name) == ("delivery", "no such customer", "Ines Costa")
    before = await desk.token(ours)
    await story.pool.execute("UPDATE conversation SET state = 'resolved'")
    assert await desk.needs(ours, most=5) == Needs([], looked_through=None)
    assert await PostgresInbox(story.web, failures=1).needs(ours, most=5) == Needs([], 1)
    assert await desk.token(ours) != before
    await story.pool.execute("UPDATE conversation SET parked_at = now(), parked_reason = 'gone'")
    [need] = (await desk.needs(ours, most=5)).found
    assert (need.kind, need.reason) == ("conversation", "gone")
