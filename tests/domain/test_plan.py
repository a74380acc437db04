"""Which steps are owed, in which order, and which reply goes first."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from caseway.domain.closure import Side
from caseway.domain.conversation import Author, MessageKind, Own, State
from caseway.domain.delivery import Delivery, Event, head, plan
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import ActivityId, MessageId, RemoteContactId
from caseway.domain.plan import (
    MOST_ACTIVITIES_AT_ONCE,
    FindContact,
    LookAgain,
    OpenCase,
    Owed,
    Send,
    WriteActivities,
    WriteStatus,
    steps,
)
from tests.domain.ledgers import NOW, debt, ledger
from tests.far_side import NEW, RESOLVED

MINUTE = timedelta(minutes=1)


def own(position: int) -> Own:
    return Own(
        MessageId(uuid4()),
        ActivityId(uuid4()),
        position,
        Author.CONTACT,
        "Ines",
        MessageKind.TEXT,
        "words",
        NOW,
    )


def owed(**changes: Any) -> Owed:
    row = changes.pop("row", {})
    usual = Owed(ledger(**row), (), (), None, RemoteContactId(UUID(int=5)))
    return replace(usual, **changes)


def kinds(what: Owed) -> list[type[object]]:
    return [type(step) for step in steps(what, now=NOW)]


def test_nothing_is_owed_at_rest() -> None:
    assert steps(owed(), now=NOW) == []


def test_first_the_contact_then_the_case_then_its_activities() -> None:
    row = {"agreed": None, "last_own_position": 2}
    assert kinds(owed(row=row, own=(own(2),), remote_contact=None)) == [FindContact]
    assert kinds(owed(row=row, own=(own(2),))) == [OpenCase]
    assert kinds(owed(own=(own(2),))) == [WriteActivities]


def test_no_case_before_it_is_wanted() -> None:
    assert kinds(owed(row={"agreed": None, "wants_case": False}, own=(own(1),))) == []


def test_replies_go_before_activities_and_these_before_the_status() -> None:
    everything = owed(
        row={"state": State.RESOLVED},
        own=(own(2),),
        deliveries=(debt(),),
        write=(Side.RESOLVED, RESOLVED),
    )
    assert kinds(everything) == [Send, WriteActivities, WriteStatus]


def test_a_status_is_written_only_while_it_is_still_ours() -> None:
    assert kinds(owed(write=(Side.RESOLVED, RESOLVED))) == []
    assert kinds(owed(write=(Side.OPEN, NEW))) == [WriteStatus]


def test_a_linked_message_that_was_not_seen_in_an_open_case_has_a_second_look() -> None:
    row = {"last_contact_position": 2, "linked_through": 2}
    assert kinds(owed(row=row)) == [LookAgain]
    assert kinds(owed(row=row, looked_again=True)) == []
    assert kinds(owed(row={**row, "state": State.RESOLVED})) == []
    assert kinds(owed(row={**row, "linked_through": 1})) == []


def test_a_long_transcript_goes_in_parts() -> None:
    [step] = steps(owed(own=tuple(own(n) for n in range(1, 200))), now=NOW)
    assert isinstance(step, WriteActivities)
    assert [o.position for o in step.own] == list(range(1, MOST_ACTIVITIES_AT_ONCE + 1))


def test_a_step_says_what_it_does() -> None:
    assert str(WriteActivities((own(3),))) == "create the activity of message 3"
    assert str(WriteActivities((own(3), own(5)))) == "create activities: messages 3 to 5"
    assert "may be a second copy" in str(Send(debt(Debt.UNKNOWN, attempts=1)))


# the line of replies

debts = st.builds(
    debt,
    st.sampled_from(Debt),
    at=st.integers(0, 3).map(lambda n: NOW + n * MINUTE),
    attempts=st.integers(0, 1),
)


@given(queue=st.lists(debts, max_size=5))
def test_what_was_tried_is_never_overtaken(queue: list[Delivery]) -> None:
    first = head(queue)
    left = [d for d in queue if d.state in {Debt.OWED, Debt.SENDING, Debt.UNKNOWN}]
    assert (first is None) == (not left)
    if first is None:
        return
    if any(d.attempts for d in left):
        assert first.attempts
    assert all(first.order <= d.order for d in left if bool(d.attempts) == bool(first.attempts))


@given(queue=st.lists(debts, max_size=5))
def test_a_head_that_waits_holds_up_the_rest(queue: list[Delivery]) -> None:
    first, next_one = head(queue), plan(queue, now=NOW)
    assert next_one is None or next_one == first
    if first is not None:
        assert (next_one is None) == (first.not_before > NOW)


def test_equal_stamps_go_by_id() -> None:
    low, high = debt(number=UUID(int=1)), debt(number=UUID(int=2))
    assert head([high, low]) == low


def test_doubt_once_there_stays() -> None:
    assert debt(Debt.OWED).unanswered(maybe_taken=False) is Event.POSTPONED
    assert debt(Debt.OWED).unanswered(maybe_taken=True) is Event.LOST
    for state in (Debt.SENDING, Debt.UNKNOWN):
        assert debt(state).unanswered(maybe_taken=False) is Event.LOST
