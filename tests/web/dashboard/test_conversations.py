"""The inbox and one conversation, as browsers get them."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest

from caseway.domain.ids import CaseId, ConnectionKey, ConversationKey
from caseway.domain.roles import Role
from caseway.store.replay_orders import PostgresRunningReplays
from tests.far_side import OUR_USER, RESOLVED
from tests.stories import Story
from tests.web.conftest import House, eventually
from tests.web.dashboard.conftest import SignedIn


@pytest.fixture
async def story(house: House, web_pool: "asyncpg.Pool[asyncpg.Record]") -> Story:
    """The tenant's API channel, with far sides that a test commands."""
    ours = house.tenant.organisation
    connection = await house.parts.directory.connection(
        ConnectionKey(ours, house.tenant.connection)
    )
    connection = replace(
        connection, settings=replace(connection.settings, resolved_status=RESOLVED)
    )
    account = await house.parts.directory.channel(ours, house.tenant.api)
    return Story(house.owner, house.sync, web_pool, connection, account)


async def begun(story: Story, words: str = "My brake squeals") -> tuple[ConversationKey, CaseId]:
    kept = await story.customer_writes(words)
    await story.work()
    return kept.key, CaseId((await story.row(kept.key))["case_id"])


async def answered(story: Story, case: CaseId, words: str) -> None:
    story.creatio.agent_replies(case, words)
    await told(story, case)


async def told(story: Story, case: CaseId) -> None:
    await story.webhook(case)
    await story.work()


async def page(client: aiohttp.ClientSession, path: str, *, status: int = 200) -> str:
    """A page's words, without its tags."""
    async with client.get(path, allow_redirects=False) as answer:
        assert answer.status == status, await answer.text()
        return words_of(await answer.text())


def words_of(markup: str) -> str:
    bare = re.sub(r"<(svg|script|style).*?</\1>", "", markup, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())


async def post(client: aiohttp.ClientSession, path: str, **form: str) -> tuple[int, str]:
    """The answer's status, and where it leads."""
    async with client.post(path, data=form, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("location", "")


async def audited(house: House) -> list[tuple[str, str]]:
    rows = await house.owner.fetch(
        "SELECT actor, action FROM audit_entry WHERE subject LIKE 'conversation:%' ORDER BY at"
    )
    return [(row["actor"], row["action"]) for row in rows]


async def test_the_inbox_finds_a_conversation_and_masks_addresses(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.VIEWER)
    assert "No conversation yet" in await page(client, "/inbox")
    await house.begin(contact={"name": "Ines Costa", "email": "ines@example.com"})
    await house.begin(contact={"name": "Tomasz Wójcik", "phone": "+48 512 345 678"})
    await house.begin(contact={"email": "nameless@example.com"})

    listed = await page(client, "/inbox")
    assert "Nothing needs you. 3 open, 0 on their way." in listed
    assert "Open 3 Waiting 3 Human 0 AI 0 Resolved All" in listed
    for shown in ("Ines Costa", "i••••@example.com", "n••••@example.com", "+48512••••678"):
        assert shown in listed
    for hidden in ("ines@example.com", "nameless@example.com", "+48512345678"):
        assert hidden not in listed
    found = await page(client, "/inbox?q=wojcik")
    assert ("Tomasz Wójcik" in found, "Ines Costa" in found) == (True, False)
    nobody = await page(client, "/inbox?q=wojcik&state=resolved")
    assert "No conversation fits" in nobody
    assert "“wojcik” , remove Resolved , remove" in nobody
    async with client.get("/inbox?before=nonsense") as answer:
        assert answer.status == 400
    assert "Ines Costa" in await page(client, "/inbox?state=odd&delivery=odd&channel=odd")


async def test_both_sides_of_a_conversation_and_why_it_is_so(
    story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    await answered(story, case, "We order new pads")
    colleague = story.creatio.agent_replies(case, "Check the warranty")
    task = story.creatio.activities[colleague]
    story.creatio.activities[colleague] = replace(task, owner_id=uuid4())
    await told(story, case)
    client = await signed_in(Role.AGENT)
    shown = await page(client, f"/inbox/{key.conversation}")

    for part in (
        "My brake squeals",
        "We order new pads Clara Brandt",
        "Human since",
        "customer-1 · replies go only here",
        "SR00000001 in Creatio",
        "Stays in Creatio: A task for a colleague: its owner is not its author. Reply rule",
        "Both sides agree: 2 messages, 2 activities. 1 activity stays in Creatio.",
        "Nothing is owed. Next look: when something happens",
        "Creatio called: new_activity",
        "Creatio: created case SR00000001",
        "API: sent reply, attempt 1",
    ):
        assert part in shown, part
    async with client.get(f"/inbox/{key.conversation}") as answer:
        markup = await answer.text()
    own = next(a for a in story.creatio.activities.values() if a.created_by_id == OUR_USER)
    assert f"#CardModuleV2/ActivityPageV2/edit/{own.id}" in markup
    assert f"#CardModuleV2/CasePage/edit/{case}" in markup


async def test_a_reply_that_failed_names_cause_and_remedy_and_is_sent_again(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    story.postbox.fate = lambda: "never"
    await answered(story, case, "We order new pads")
    client = await signed_in(Role.AGENT, email="mara@example.com")
    inbox = await page(client, "/inbox")
    assert "Needs you" in inbox
    assert "Reply not delivered Ines · api: no such customer. Given up" in inbox
    shown = await page(client, f"/inbox/{key.conversation}")
    assert "Not delivered: no such customer. Given up" in shown
    async with client.get(f"/inbox/{key.conversation}") as answer:
        assert re.search(r"<details[^>]* open><summary[^>]*>1 attempt<", await answer.text())

    story.postbox.fate = lambda: "ok"
    delivery = await story.pool.fetchval("SELECT id FROM delivery WHERE state = 'failed'")
    form = {"kind": "delivery", "id": str(delivery)}
    path = f"/inbox/{key.conversation}/retry"
    assert await post(client, path, **form) == (303, f"/inbox/{key.conversation}?done=retried")
    assert (await post(client, path, **form))[1].endswith("?done=gone"), "once"
    assert (await post(client, path, **form, **{"from": "inbox"}))[1] == "/inbox?done=gone"
    assert (await post(client, path, kind="delivery", id="x"))[0] == 400
    assert (await post(client, path, kind="odd", id=str(delivery)))[0] == 400
    await story.work()
    assert [text for _, text, _ in story.postbox.received] == ["We order new pads"]
    assert "Delivered" in await page(client, f"/inbox/{key.conversation}?done=retried")
    assert "Nothing needs you" in await page(client, "/inbox")
    assert await audited(house) == [("mara@example.com", "conversation.replayed")]


async def test_what_the_rule_held_back_is_said_and_a_replay_is_named_with_what_it_did(
    story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    # A look that began within a moment before an event may have read what it tells of.
    await story.pool.execute("UPDATE run SET begun_at = begun_at - interval '1 min'")
    task = story.creatio.agent_replies(case, "We order new pads")
    held = story.creatio.activities[task]
    story.creatio.activities[task] = replace(held, owner_id=uuid4())
    await told(story, case)
    client = await signed_in(Role.ADMIN, email="mara@example.com")
    events = await page(client, "/events")
    assert "Not a reply: a task for a colleague: its owner is not its author" in events
    event = await story.pool.fetchval("SELECT id FROM webhook_event")
    said = await page(client, f"/events/{event}")
    assert "No reply came of it. Not a reply: a task for a colleague" in said
    assert "Replayed" not in said
    await answered(story, case, "Come on Monday")
    weighed = await page(client, f"/events/replay?pick={event}")
    assert "0 to 1 message to customers" in weighed, "the later reply is not the one held back"

    story.creatio.activities[task] = replace(held, owner_id=held.created_by_id)
    status, ordered = await post(client, f"/events/{event}/replay")
    assert status == 303
    running = PostgresRunningReplays(story.pool)
    [order] = [each for each in await running.running() if str(each.id) in ordered]
    await running.begin(order, await running.owed(order, 1), most=1)
    await story.webhook(case, "case_updated")
    await story.work()
    assert [text for _, text, _ in story.postbox.received] == [
        "Come on Monday",
        "We order new pads",
    ]
    said = await page(client, f"/events/{event}")
    assert "Replayed by mara@example.com" in said
    story_told = (await page(client, f"/inbox/{key.conversation}")).partition("and why Live")[2]
    acknowledged, replayed, *_ = re.split(
        r"mara@example.com replayed|Creatio called:", story_told.partition("Creatio called:")[2]
    )
    assert f"event {str(event)[:6]} Replay {str(order.id)[:6]}" in replayed
    assert "Kept reply" in replayed, "it was the replay that brought it"
    assert "Kept reply" not in acknowledged, "what is only acknowledged sets off no look"


async def test_nobody_claims_that_the_agent_knows_before_the_note_is_on_the_case(
    story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    story.postbox.fate = lambda: "never"
    await answered(story, case, "We order new pads")
    client = await signed_in(Role.VIEWER)
    path = f"/inbox/{key.conversation}"
    await story.pool.execute("UPDATE conversation SET case_number = 'SR42'")
    assert "The agent was told on the case." in await page(client, path)
    assert "the agent was told on SR42" in await page(client, "/inbox")
    await story.pool.execute(
        "UPDATE link SET linked_at = NULL WHERE message_id IN"
        " (SELECT id FROM message WHERE kind = 'failure')"
    )
    assert "The agent does not know yet: the note is not on the case." in await page(client, path)
    assert "the agent does not know yet" in await page(client, "/inbox")


async def test_all_that_needs_a_person_is_there_the_newest_unfolded(
    story: Story, signed_in: SignedIn
) -> None:
    for number in range(7):
        await story.customer_writes("Hello", peer=f"customer-{number}")
    await story.pool.execute("UPDATE conversation SET parked_at = now(), parked_reason = 'gone'")
    client = await signed_in(Role.VIEWER)
    async with client.get("/inbox") as answer:
        markup = await answer.text()
    assert markup.count('<li id="need-') == 7
    assert "2 older ones" in words_of(markup)
    assert markup.partition("2 older ones")[2].count('<li id="need-') == 2


async def test_the_inbox_claims_no_calm_beyond_the_failures_that_it_looks_through(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    await begun(story)
    other = await story.customer_writes("Hello", peer="ines")
    await house.owner.execute(
        "UPDATE conversation SET state = 'resolved' WHERE id <> $1", other.key.conversation
    )
    await fail(house, other.key.conversation, 1, ago=timedelta(days=1))
    client = await signed_in(Role.AGENT)
    assert "Reply not delivered" in await page(client, "/inbox")
    await fail(house, None, 2_000, ago=timedelta(0))  # decided: the case is closed
    async with client.get("/inbox") as answer:
        markup = await answer.text()
    assert "None of the newest 2,000 failures needs you. 1 open" in words_of(markup)
    assert "Nothing needs you" not in markup
    assert 'href="/inbox?delivery=failed"' in markup
    await fail(house, other.key.conversation, 1, ago=timedelta(0))
    async with client.get("/inbox") as answer:
        markup = await answer.text()
    assert markup.count('<li id="need-') == 1
    assert "Only the newest 2,000 failures were looked through." in words_of(markup)


async def fail(house: House, conversation: UUID | None, many: int, *, ago: timedelta) -> None:
    """So many replies that failed for good, of this conversation or of all the resolved ones."""
    await house.owner.execute(
        """WITH written AS (
               INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author,
                                    text, position, written_at)
               SELECT c.organisation_id, gen_random_uuid(), c.id, c.channel_id, c.peer, 'agent',
                      'Yes', (SELECT max(position) FROM message m WHERE m.conversation_id = c.id) + n,
                      now()
                 FROM conversation c, generate_series(1, $2) n
                WHERE CASE WHEN $1::uuid IS NULL THEN c.state = 'resolved' ELSE c.id = $1 END
               RETURNING *)
           INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id,
                                 address, state, order_on, order_id, not_before, attempts, reason,
                                 settled_at)
           SELECT c.organisation_id, w.id, c.id, c.channel_id, w.id, c.address, 'failed', now(), w.id,
                  now(), 1, 'no such customer', now() - $3::interval
             FROM written w JOIN conversation c ON c.id = w.conversation_id""",
        conversation,
        many,
        ago,
    )


async def test_while_creatio_is_down_what_waits_says_since_when_and_until_when(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    await answered(story, case, "We order new pads")
    story.creatio.fate = lambda _kind: "down"
    await story.customer_writes("And when?")
    await story.work()
    # The first wait of 1 s may be over before the page is drawn.
    await house.owner.execute("UPDATE conversation SET due_at = now() + interval '1 hour'")
    await house.owner.execute(
        "UPDATE connection SET trouble = 'Creatio does not answer', trouble_since = now() WHERE id = $1",
        house.tenant.connection,
    )
    shown = await page(await signed_in(Role.VIEWER), f"/inbox/{key.conversation}")

    assert "Creatio (main) has not worked since" in shown
    assert "Messages and replies wait, none is lost. Tries again at" in shown
    assert "Waits for Creatio" in shown
    assert "Message 3 has no activity yet." in shown
    assert "Create the activity of message 3" in shown


async def test_the_inbox_claims_no_calm_while_creatio_is_down_and_leads_to_the_cause(
    house: House, signed_in: SignedIn
) -> None:
    owner, agent = await signed_in(Role.OWNER), await signed_in(Role.AGENT)
    assert "Nothing needs you." in await page(owner, "/inbox")
    await house.owner.execute(
        "UPDATE connection SET trouble = 'Creatio refuses the sign-in', trouble_since = now()"
        " WHERE id = $1",
        house.tenant.connection,
    )
    # Each process asks at most once a second how all of it stands.
    await eventually(lambda: says(owner, "Creatio does not work What customers write is kept"))
    shown = await page(owner, "/inbox")
    assert "Nothing needs you." not in shown
    assert "No conversation needs you. 0 open, 0 on their way." in shown
    async with owner.get("/inbox") as answer:
        markup = await answer.text()
    assert markup.count('href="/settings/ticketing"') == 4, "side bar, its foot, top line, cause"
    shown = await page(agent, "/inbox")
    assert "An admin of this Caseway sees why" in shown, "who may not look is told who may"


async def says(client: aiohttp.ClientSession, words: str) -> bool:
    return words in await page(client, "/inbox")


async def test_a_callback_that_refuses_for_now_says_when_it_is_asked_again(
    story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    story.postbox.fate = lambda: "busy"
    await answered(story, case, "We order new pads")
    client = await signed_in(Role.VIEWER)
    shown = await page(client, f"/inbox/{key.conversation}")
    assert "The channel answered 429. Waits, tries again at" in shown
    assert re.search(r"Owed Reply \w{6} waits after 1 attempt, again at", shown)
    assert "Ines" in await page(client, "/inbox?delivery=owed")
    assert "No conversation fits" in await page(client, "/inbox?delivery=failed")

    story.postbox.repeats_recognised = False
    story.postbox.fate = lambda: "lost after"
    await story.pass_time(timedelta(minutes=5))
    await story.work()
    doubt = await page(client, f"/inbox/{key.conversation}")
    assert "May have been sent" in doubt
    assert "Timed out. It is sent again at" in doubt
    assert "Ines" in await page(client, "/inbox?delivery=doubt")
    assert "Ines" in await page(client, "/inbox?delivery=owed"), "as the foot counts it"


async def test_hand_off_and_resolve_say_what_they_will_do_and_are_kept_in_the_audit_log(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    kept = await story.customer_writes("Hello", starts_as_ai=True)
    key, client = kept.key, await signed_in(Role.AGENT, email="mara@example.com")
    path = f"/inbox/{key.conversation}"
    before = await page(client, path)
    assert "AI since" in before
    assert "Hand it off to a person? The note goes to the case. The customer is told nothing." in (
        before
    )
    assert await post(client, f"{path}/hand-off", note="She wants a refund") == (
        303,
        f"{path}?done=handed-off",
    )
    await story.work()
    handed_off = await page(client, f"{path}?done=handed-off")
    assert "Handed off. The note goes to the case." in handed_off
    assert re.search(r"Handed off by The agent \d\d:\d\d:\d\d She wants a refund", handed_off)
    note = list(story.creatio.activities.values())[-1].detailed_result
    assert note == "Handed off by The agent.\n\nShe wants a refund"
    assert "Waiting since" in handed_off
    assert "The customer is told on api: “This conversation was resolved.”" in handed_off

    assert await post(client, f"{path}/resolve") == (303, f"{path}?done=resolved")
    await story.work()
    resolved = await page(client, path)
    assert "The customer is told of the closure" in resolved
    assert "mara@example.com resolved it" in resolved
    assert "Resolve…" not in resolved
    assert (await post(client, f"{path}/hand-off"))[1] == f"{path}?done=already"
    assert await post(client, f"{path}/look-again") == (303, f"{path}?done=looking")
    assert await audited(house) == [
        ("mara@example.com", "conversation.handed off"),
        ("mara@example.com", "conversation.resolved"),
        ("mara@example.com", "conversation.looked at again"),
    ]


async def test_what_creatio_refused_and_what_stopped_wait_for_a_person(
    story: Story, signed_in: SignedIn
) -> None:
    key, case = await begun(story)
    story.creatio.fate = lambda kind: "refused" if kind == "create activity" else "ok"
    await story.customer_writes("two")
    await story.work()
    client = await signed_in(Role.ADMIN)
    assert "Refused by Creatio" in await page(client, "/inbox")
    gap = await page(client, f"/inbox/{key.conversation}")
    assert "Message 2 has no activity yet, 1 refused by Creatio." in gap
    message = await story.pool.fetchval("SELECT message_id FROM link WHERE refused_at IS NOT NULL")
    story.creatio.fate = lambda _kind: "ok"
    path = f"/inbox/{key.conversation}/retry"
    await post(client, path, kind="activity", id=str(message))
    await story.work()
    assert "Both sides agree: 2 messages, 2 activities." in await page(
        client, f"/inbox/{key.conversation}"
    )

    gone = story.creatio.cases.pop(case)
    await told(story, case)
    assert "Sync stopped" in await page(client, "/inbox")
    stopped = await page(client, f"/inbox/{key.conversation}")
    assert "Sync of this conversation has stopped since" in stopped
    assert "The case no longer exists in Creatio." in stopped
    assert "Next look: none until it is replayed" in stopped
    assert "2 messages, 2 activities. Not compared since sync stopped." in stopped
    story.creatio.cases[case] = gone
    await post(client, path, kind="conversation", id=str(key.conversation))
    await story.work()
    assert "Nothing needs you" in await page(client, "/inbox")


async def test_a_viewer_reads_and_does_nothing(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    key, _ = await begun(story)
    client = await signed_in(Role.VIEWER)
    shown = await page(client, f"/inbox/{key.conversation}")
    assert "Look again now" not in shown
    assert "Resolve…" not in shown
    for deed in ("hand-off", "resolve", "look-again", "retry"):
        status, _ = await post(client, f"/inbox/{key.conversation}/{deed}")
        assert status == 403
    assert (await story.row(key))["state"] == "waiting"
    assert await audited(house) == []


async def test_another_organisations_conversation_is_not_there(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    key, _ = await begun(story)
    client = await signed_in(Role.OWNER, tenant=house.other)
    assert "No conversation yet" in await page(client, "/inbox")
    for path in (f"/inbox/{key.conversation}", f"/live/inbox/{key.conversation}"):
        await page(client, path, status=404)
    for deed in ("hand-off", "resolve", "look-again"):
        assert (await post(client, f"/inbox/{key.conversation}/{deed}"))[0] == 404
    retry = {"kind": "conversation", "id": str(key.conversation)}
    assert (await post(client, f"/inbox/{key.conversation}/retry", **retry))[0] == 404
    await page(client, "/inbox/not-an-id", status=404)
    await page(client, f"/inbox/{UUID(int=7)}", status=404)


async def test_an_open_page_hears_that_something_changed(story: Story, signed_in: SignedIn) -> None:
    key, case = await begun(story)
    client = await signed_in(Role.VIEWER)
    heard: list[str] = []

    async def changes(path: str) -> int:
        async with client.get(path) as answer:
            heard.append((await answer.content.readuntil(b"\n\n")).decode())
            await answered(story, case, f"Reply on {path}")
            heard.append((await answer.content.readuntil(b"\n\n")).decode())
        return len(set(heard))

    assert await changes("/live/inbox") == 2
    assert await changes(f"/live/inbox/{key.conversation}") == 4
    assert all(one.startswith("event: changed\ndata: ") for one in heard)


async def test_a_long_conversation_is_shown_leaf_by_leaf(
    house: House, story: Story, signed_in: SignedIn
) -> None:
    key, _ = await begun(story)
    await house.owner.execute(
        """INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, text,
                                position, written_at)
           SELECT $1, gen_random_uuid(), $2, $3, 'customer-1', 'contact', 'words ' || n, n, now()
             FROM generate_series(2, 120) n""",
        key.organisation,
        key.conversation,
        house.tenant.api,
    )
    client = await signed_in(Role.VIEWER)
    seen: list[int] = []
    path = f"/inbox/{key.conversation}"
    for _ in range(3):
        async with client.get(path) as answer:
            markup = await answer.text()
        seen = [*map(int, re.findall(r'id="m-(\d+)"', markup)), *seen]
        earlier = re.search(r'href="(\?before=[^"]+)"', markup)
        path = f"/inbox/{key.conversation}{earlier[1]}" if earlier else ""
    assert (seen, path) == (list(range(1, 121)), "")


async def test_the_page_answers_while_a_worker_holds_the_conversation(
    story: Story, signed_in: SignedIn
) -> None:
    key, _ = await begun(story)
    client = await signed_in(Role.AGENT)
    async with story.pool.acquire() as link, link.transaction():
        await link.execute("SELECT 1 FROM conversation WHERE id = $1 FOR UPDATE", key.conversation)
        assert "My brake squeals" in await page(client, f"/inbox/{key.conversation}")
