"""What must be true once all is quiet, and what must be true at any time."""

from collections import Counter
from typing import TYPE_CHECKING

from caseway.domain.ids import ActivityId, CaseId
from tests.far_side import OUR_USER, STATUSES, Postbox
from tests.stories import Story

if TYPE_CHECKING:
    from tests.sync.test_both_sides import Told


def assert_unmarked_copies_are_first(postbox: Postbox) -> None:
    """A channel that recognises repeats shows none; on another one every further copy says so."""
    seen: set[tuple[str, str]] = set()
    for address, text, marked in postbox.received:
        if text == "(resolved)":
            continue
        if (address, text) in seen:
            assert not postbox.repeats_recognised, f"{text} twice"
            assert marked, f"an unmarked copy of {text}"
        seen.add((address, text))


async def assert_settled(story: Story, told: "Told") -> None:
    await _nothing_is_owed(story)
    await _every_message_became_an_activity(story, told)
    await _every_reply_arrived(story, told)
    await _both_sides_agree(story)


async def _nothing_is_owed(story: Story) -> None:
    ours = story.connection.organisation
    left = await story.pool.fetch(
        """SELECT id, due_at, lease_until, parked_reason, starts FROM conversation
            WHERE organisation_id = $1
              AND (due_at IS NOT NULL OR lease_until IS NOT NULL OR parked_at IS NOT NULL)""",
        ours,
    )
    assert left == [], "no mark, no lease, nothing parked"
    unsettled = await story.pool.fetch(
        """SELECT id, state FROM delivery
            WHERE organisation_id = $1 AND state IN ('owed', 'sending', 'unknown')""",
        ours,
    )
    assert unsettled == []
    unlinked = await story.pool.fetch(
        """SELECT m.text FROM link l
             JOIN message m ON m.organisation_id = l.organisation_id AND m.id = l.message_id
             JOIN conversation c
               ON c.organisation_id = l.organisation_id AND c.id = l.conversation_id
            WHERE l.organisation_id = $1 AND l.linked_at IS NULL AND c.wants_case
              AND l.ordinal = c.case_ordinal""",
        ours,
    )
    assert unlinked == []
    assert await story.waiting_jobs() == 0


async def _every_message_became_an_activity(story: Story, told: "Told") -> None:
    creatio = story.creatio
    own = [a for a in creatio.activities.values() if a.created_by_id == OUR_USER]
    many = Counter((a.case, a.detailed_result) for a in own if a.detailed_result.startswith("m"))
    assert [one for one, count in many.items() if count > 1] == []
    last: dict[tuple[CaseId | None, object], int] = {}
    by_text: dict[str, list[ActivityId]] = {}
    conversation_of = {text: key for key, _, text in told.written}
    for activity in own:
        by_text.setdefault(activity.detailed_result, []).append(activity.id)
        if activity.detailed_result in conversation_of:
            line = (activity.case, conversation_of[activity.detailed_result])
            number = int(activity.detailed_result[1:])
            assert number > last.get(line, -1), "activities stand in order"
            last[line] = number
    for key, _, text in told.written:
        if not (await story.row(key))["wants_case"]:
            continue
        assert text in by_text, f"{text} never became an activity"
        seen = text in told.ended or creatio.stood_open & set(by_text[text])
        assert seen, f"{text} was swallowed by a closed case"


async def _every_reply_arrived(story: Story, told: "Told") -> None:
    ours = story.connection.organisation
    peers = {
        row["case_id"]: row["peer"]
        for row in await story.pool.fetch(
            """SELECT l.case_id, c.peer FROM case_link l
                 JOIN conversation c
                   ON c.organisation_id = l.organisation_id AND c.id = l.conversation_id
                WHERE l.organisation_id = $1
                UNION SELECT case_id, peer FROM conversation
                WHERE organisation_id = $1 AND case_id IS NOT NULL""",
            ours,
        )
    }
    failed = {
        row["text"]
        for row in await story.pool.fetch(
            """SELECT m.text FROM delivery d
                 JOIN message m ON m.organisation_id = d.organisation_id AND m.id = d.message_id
                WHERE d.organisation_id = $1 AND d.state = 'failed'""",
            ours,
        )
    }
    received = Counter((address, text) for address, text, _ in story.postbox.received)
    for case, text in told.replies.values():
        copies = received.pop((peers[case], text), 0)
        if text in failed:
            assert copies <= 1 or told.failed
            continue
        assert copies >= 1, f"{text} never reached {peers[case]}"
        assert copies == 1 or told.failed, f"{text} {copies} times though nothing failed"
    strangers = [one for one in received if one[1] != "(resolved)"]
    assert strangers == [], "nothing reached anybody else, and nothing else anybody"
    _replies_are_in_order(story, told)


def _replies_are_in_order(story: Story, told: "Told") -> None:
    """By (CreatedOn, Id), except what was not yet visible when the later one was read."""
    creatio = story.creatio
    first: dict[str, int] = {}
    for number, (_, text, _) in enumerate(story.postbox.received):
        first.setdefault(text, number)
    arrived = [a for a, (_, text) in told.replies.items() if text in first]
    for one in arrived:
        for other in arrived:
            if told.replies[one][0] != told.replies[other][0] or one == other:
                continue
            a, b = creatio.activities[one], creatio.activities[other]
            in_order = (a.created_on, a.id) < (b.created_on, b.id)
            b_first = first[told.replies[other][1]] < first[told.replies[one][1]]
            if in_order and b_first:
                late = creatio.visible_from[one] >= creatio.read_first[other]
                assert late, f"{told.replies[other][1]} before {told.replies[one][1]}"


async def _both_sides_agree(story: Story) -> None:
    for row in await story.pool.fetch(
        "SELECT * FROM conversation WHERE organisation_id = $1 AND case_id IS NOT NULL",
        story.connection.organisation,
    ):
        case = story.creatio.cases.get(row["case_id"])
        if case is None:
            assert not row["wants_case"], "a case that was wanted exists"
            continue
        flagged = STATUSES[case.status].flagged or case.status == row["held_status"]
        theirs = "resolved" if flagged else "open"
        ours = "resolved" if row["state"] == "resolved" else "open"
        assert (ours, row["agreed"]) == (theirs, theirs)
