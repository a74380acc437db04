"""One conversation as its page shows it: both sides, what is kept back, what was done."""

from dataclasses import replace
from typing import Final
from uuid import uuid4

import asyncpg
import pytest

from caseway.domain.conversation import Author, State
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import CaseId, ConversationKey, OrganisationId
from caseway.ports.conversations import Facts, Leaf
from caseway.store import conversations as store
from caseway.store.conversations import PostgresConversations
from caseway.store.reads import END_OF_TIME
from caseway.store.replays import PostgresReplays
from tests.database import Database
from tests.far_side import RESOLVED
from tests.plans import plan_of, read
from tests.stories import Story, begin_story

FEW: Final = 50


@pytest.fixture
async def story(
    owner_pool: "asyncpg.Pool[asyncpg.Record]",
    pool: "asyncpg.Pool[asyncpg.Record]",
    web_pool: "asyncpg.Pool[asyncpg.Record]",
) -> Story:
    return await begin_story(owner_pool, pool, web_pool)


async def begun(story: Story, words: str = "My brake squeals") -> tuple[ConversationKey, CaseId]:
    kept = await story.customer_writes(words)
    await story.work()
    return kept.key, CaseId((await story.row(kept.key))["case_id"])


async def answered(story: Story, case: CaseId, *words: str) -> None:
    for each in words:
        story.creatio.agent_replies(case, each)
    await story.webhook(case)
    await story.work()


async def facts_of(story: Story, key: ConversationKey) -> Facts:
    found = await PostgresConversations(story.web).facts(key)
    assert found is not None
    return found


async def leaf_of(
    story: Story, key: ConversationKey, *, before: int | None = None, most: int = FEW
) -> Leaf:
    desk = PostgresConversations(story.web)
    return await desk.leaf(await facts_of(story, key), before=before, most=most)


async def test_both_sides_of_a_conversation_stand_side_by_side(story: Story) -> None:
    key, case = await begun(story)
    await answered(story, case, "We order new pads")
    facts, leaf = await facts_of(story, key), await leaf_of(story, key)

    assert (facts.state, facts.name, facts.address) == (State.HUMAN, "Ines", "customer-1")
    assert (facts.case, facts.case_number) == (case, "SR00000001")
    assert facts.state_since > facts.created_at, "it waited before"
    asked, reply = leaf.entries
    assert (asked.author, asked.text, asked.delivery) == (Author.CONTACT, "My brake squeals", None)
    assert asked.activity is not None
    assert asked.activity.is_ours
    assert asked.activity.linked_at is not None
    assert reply.activity is not None
    assert not reply.activity.is_ours
    assert (reply.author_name, reply.activity.created_on) == ("Clara Brandt", reply.written_at)
    assert reply.delivery is not None
    assert [(t.number, t.became) for t in reply.delivery.tries] == [(1, Debt.DELIVERED)]
    balance = await PostgresConversations(story.web).balance(key)
    assert (balance.messages, balance.activities, balance.missing) == (2, 2, [])


async def test_a_state_says_since_when_and_a_look_that_changes_nothing_keeps_it(
    story: Story,
) -> None:
    key, case = await begun(story)
    waiting = await facts_of(story, key)
    story.creatio.set_status(case, RESOLVED)
    await story.webhook(case, "case_closed")
    await story.work()
    resolved = await facts_of(story, key)
    assert (resolved.state, resolved.state_since > waiting.state_since) == (State.RESOLVED, True)
    await story.webhook(case)
    await story.work()
    assert await facts_of(story, key) == resolved


async def test_what_creatio_refused_is_the_gap_by_name(story: Story) -> None:
    key, _ = await begun(story)
    story.creatio.fate = lambda kind: "refused" if kind == "create activity" else "ok"
    await story.customer_writes("two")
    await story.work()
    gap = (await leaf_of(story, key)).entries[-1]

    assert gap.activity is not None
    assert (gap.activity.linked_at, bool(gap.activity.refusal)) == (None, True)
    balance = await PostgresConversations(story.web).balance(key)
    assert (balance.messages, balance.activities, balance.refused) == (2, 1, 1)
    assert balance.missing == [2]


async def test_what_stays_in_creatio_is_shown_with_the_clause_until_it_becomes_a_reply(
    story: Story,
) -> None:
    key, case = await begun(story)
    colleague = story.creatio.agent_replies(case, "Check the warranty")
    task = story.creatio.activities[colleague]
    story.creatio.activities[colleague] = replace(task, owner_id=uuid4())
    unfinished = story.creatio.agent_replies(case, "")
    await story.webhook(case)
    await story.work()
    await story.webhook(case)  # looked at again: still one row each
    await story.work()
    kept_back = {k.activity: k.reason for k in (await leaf_of(story, key)).kept_back}
    assert kept_back == {
        colleague: "not a reply: a task for a colleague: its owner is not its author",
        unfinished: "not a reply yet: the task has no result",
    }

    story.creatio.activities[unfinished] = replace(
        story.creatio.activities[unfinished],
        detailed_result="It is covered",
        modified_on=story.creatio.now(),
    )
    await story.webhook(case)
    await story.work()
    leaf = await leaf_of(story, key)
    assert [k.activity for k in leaf.kept_back] == [colleague]
    assert leaf.entries[-1].text == "It is covered"


async def test_a_long_conversation_is_read_leaf_by_leaf(story: Story) -> None:
    key, case = await begun(story, "1")
    held = story.creatio.agent_replies(case, "")
    await story.webhook(case)
    await story.work()
    for number in range(2, 8):
        await story.customer_writes(str(number))
    await story.work()
    seen: list[str] = []
    kept_back = []
    before: int | None = None
    for _ in range(4):
        leaf = await leaf_of(story, key, before=before, most=3)
        seen = [*(entry.text for entry in leaf.entries), *seen]
        kept_back += [k.activity for k in leaf.kept_back]
        before = leaf.earlier
        if before is None:
            break
    assert seen == ["1", "2", "3", "4", "5", "6", "7"]
    assert kept_back == [held], "on one leaf only"


async def test_history_tells_what_happened_what_was_done_and_by_whom(story: Story) -> None:
    key, case = await begun(story)
    await answered(story, case, "We order new pads")
    desk = PostgresConversations(story.web)
    assert await PostgresReplays(story.web).look_again(key, actor="mara@example.com")
    await story.work()
    history = await desk.history(key, before=None, most=FEW)

    assert [h.kind for h in history.happened] == ["customer", "webhook"]
    told = [line.deed for run in history.ran for line in run.lines]
    assert "created case SR00000001" in told
    assert "sent reply, attempt 1" in told
    [deed] = history.deeds
    assert (deed.actor, deed.action) == ("mara@example.com", "conversation.looked at again")
    assert history.earlier is None
    newest = await desk.history(key, before=None, most=1)
    assert newest.earlier is not None
    rest = await desk.history(key, before=newest.earlier, most=FEW)
    assert len(newest.ran) + len(rest.ran) == len(history.ran)


async def test_the_token_differs_when_something_on_the_page_does(story: Story) -> None:
    key, case = await begun(story)
    desk = PostgresConversations(story.web)
    tokens = [await desk.token(key)]
    assert await desk.token(key) == tokens[0]
    await answered(story, case, "We order new pads")
    tokens.append(await desk.token(key))
    await story.pool.execute("UPDATE delivery SET state = 'read'")
    tokens.append(await desk.token(key))
    await story.customer_writes("Thank you")
    tokens.append(await desk.token(key))
    assert len(set(tokens)) == 4


async def test_another_organisations_conversation_is_not_found(story: Story) -> None:
    key, _ = await begun(story)
    foreign = ConversationKey(OrganisationId(uuid4()), key.conversation)
    desk = PostgresConversations(story.web)
    assert await desk.facts(foreign) is None
    assert await desk.token(foreign) == ""
    assert not await PostgresReplays(story.web).look_again(foreign, actor="mara@example.com")


async def test_thousands_of_messages_cost_no_more_than_the_page_shows(
    story: Story, database: Database
) -> None:
    key, case = await begun(story)
    await answered(story, case, "We order new pads")
    await story.owner.execute(
        """INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, text,
                                position, written_at, kept_at)
           SELECT $1, md5('m' || n)::uuid, $2, $3, 'customer-1',
                  CASE WHEN n % 2 = 0 THEN 'contact' ELSE 'agent' END, 'words', n, now(), now()
             FROM generate_series(3, 5000) n""",
        key.organisation,
        key.conversation,
        story.account.id,
    )
    await story.owner.execute(
        """INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, steps)
           SELECT $1, gen_random_uuid(), $2, $3, now() - n * interval '1 second',
                  '[{"at": 0, "side": "creatio", "deed": "read the case", "why": "", "outcome": "done"}]'
             FROM generate_series(1, 5000) n""",
        key.organisation,
        key.conversation,
        story.connection.id,
    )
    await story.owner.execute("ANALYZE message; ANALYZE run; ANALYZE link; ANALYZE delivery")
    where = {"organisation": key.organisation, "conversation": key.conversation}
    newest = {**where, "before": END_OF_TIME[0], "most": FEW}
    for name, values, most in (
        ("entries", newest | {"before": store.AFTER_ALL}, 4 * FEW),
        ("messages", newest, 3 * FEW),
        ("runs", newest, 2 * FEW),
        ("events", newest, 2 * FEW),
        ("token", where, 200),
        (
            "kept_back",
            {
                **where,
                "connection": story.connection.id,
                "since": store.FIRST,
                "until": END_OF_TIME[0],
                "looks": FEW,
            },
            2 * FEW,
        ),
    ):
        plan = await plan_of(database.dsn, store.SQL[name], values, key.organisation)
        assert read(plan) <= most, name
