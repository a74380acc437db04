"""What one look means: both sides and the ledger go in, the rows to be written come out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.domain.adoption import Adoption, KeptBack, Known, Outcome, adopt
from caseway.domain.closure import Side
from caseway.domain.conversation import Ledger, State
from caseway.domain.ids import ActivityId, EventId, StatusId
from caseway.domain.remote import Activity, Look
from tests.domain.ledgers import NOW, RULES, ledger, look, reply
from tests.far_side import CLOSED, IN_PROGRESS, NEW, REOPENED, RESOLVED

MINUTE = timedelta(minutes=1)
CLAIM = EventId(UUID(int=99))
OPEN_STATUSES = (NEW, IN_PROGRESS, REOPENED)


def weigh(before: Ledger, seen: Look, known: dict[ActivityId, Known] | None = None) -> Adoption:
    return adopt(before, seen, known or {}, RULES, now=NOW)


def resolved(**changes: Any) -> Ledger:
    settled = {"state": State.RESOLVED, "agreed": Side.RESOLVED, "agreed_status": RESOLVED}
    return ledger(**{**settled, **changes})


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """What intake's locks leave possible: nothing waits in a resolved conversation."""
    status = st.sampled_from((None, *OPEN_STATUSES))
    state = draw(st.sampled_from(State))
    at_rest = state is State.RESOLVED
    through = draw(st.integers(0, 3))
    return ledger(
        state=state,
        agreed=draw(st.sampled_from((None, *Side))),
        agreed_status=draw(status),
        last_open_status=draw(status),
        held_status=draw(status),
        reopened_status=draw(status),
        left_open=draw(st.booleans()),
        agent_replied=draw(st.booleans()),
        superseded=at_rest and draw(st.booleans()),
        claim=draw(st.sampled_from((None, CLAIM))),
        last_contact_position=0 if at_rest else draw(st.integers(0, 3)),
        last_own_position=3,
        last_position=3,
        linked_through=through,
        covered_through=draw(st.integers(0, through)),
        reopenings=tuple(NOW - n * MINUTE for n in range(draw(st.integers(0, 4)))),
    )


@st.composite
def looks(draw: st.DrawFn) -> Look:
    activities = draw(
        st.lists(
            st.builds(
                reply,
                st.sampled_from(("", "one", "two")),
                at=st.integers(-3, 3).map(lambda n: NOW + n * MINUTE),
            ),
            max_size=4,
        )
    )
    status = draw(st.sampled_from((*OPEN_STATUSES, RESOLVED, CLOSED)))
    return look(status, *activities)


@given(before=ledgers(), seen=looks(), data=st.data())
def test_adopting_a_look_twice_brings_nothing_new(
    before: Ledger, seen: Look, data: st.DataObject
) -> None:
    """Unless something is to be written, which the next look finds still unwritten."""
    kinds = st.sampled_from((None, *Known))
    known = {a.id: kind for a in seen.activities if (kind := data.draw(kinds))}
    once = weigh(before, seen, known)
    if once.park or once.next_case:
        return
    links = {**known, **{r.activity.id: Known.LINKED for r in once.replies}}
    links |= dict.fromkeys(once.echoes, Known.LINKED)
    twice = weigh(once.after, seen, links)
    assert (twice.replies, twice.echoes, twice.closing) == ((), (), False)
    if once.write is None and once.after.agreed is once.after.ours:
        assert twice.after == once.after


@given(before=ledgers(), seen=looks())
def test_a_claim_is_judged_only_if_it_was_taken(before: Ledger, seen: Look) -> None:
    adoption = weigh(before, seen)
    assert (adoption.judged is not None) == (before.claim is not None)
    assert adoption.after.claim is None


@given(before=ledgers(), seen=looks())
def test_replies_come_in_creatios_order(before: Ledger, seen: Look) -> None:
    order = [(r.activity.created_on, r.activity.id) for r in weigh(before, seen).replies]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


@given(before=ledgers(), seen=looks())
def test_what_stands_in_our_links_is_never_a_reply(before: Ledger, seen: Look) -> None:
    for kind in Known:
        adoption = weigh(before, seen, {a.id: kind for a in seen.activities})
        assert adoption.replies == ()
        assert len(adoption.echoes) == (len(seen.activities) if kind is Known.PLANNED else 0)


@given(before=ledgers(), seen=looks())
def test_positions_never_go_back(before: Ledger, seen: Look) -> None:
    after = weigh(before, seen).after
    assert after.covered_through >= before.covered_through
    assert after.linked_through == before.linked_through
    assert after.covered_through <= max(after.linked_through, before.covered_through)
    if before.read_through:
        assert after.read_through is not None
        assert before.read_through <= after.read_through <= max(NOW, before.read_through)


@given(before=ledgers(), seen=looks())
def test_a_closure_ends_no_message_that_waits(before: Ledger, seen: Look) -> None:
    adoption = weigh(before, seen)
    if adoption.closing:
        assert not adoption.after.waiting


@given(before=ledgers(), seen=looks())
def test_a_flagged_status_is_never_remembered_as_open(before: Ledger, seen: Look) -> None:
    assert weigh(before, seen).after.last_open_status not in {RESOLVED, CLOSED}


@given(before=ledgers(), seen=looks())
def test_while_the_next_conversation_is_open_this_one_stays_resolved(
    before: Ledger, seen: Look
) -> None:
    adoption = weigh(replace(before, superseded=True, state=State.RESOLVED), seen)
    assert adoption.after.state is State.RESOLVED
    assert adoption.write is None or adoption.write[0] is Side.RESOLVED
    assert not adoption.next_case


@pytest.mark.parametrize("status", OPEN_STATUSES)
def test_a_look_without_news_changes_only_the_status_last_seen(status: StatusId) -> None:
    adoption = weigh(ledger(), look(status))
    assert adoption == Adoption(ledger(agreed_status=status, last_open_status=status))


def test_a_reply_makes_the_conversation_a_persons() -> None:
    after = weigh(ledger(), look(NEW, reply())).after
    assert (after.state, after.agent_replied) == (State.HUMAN, True)


def test_a_reply_on_a_resolved_case_changes_no_state() -> None:
    adoption = weigh(resolved(), look(RESOLVED, reply()))
    assert [r.text for r in adoption.replies] == ["We order new pads"]
    assert adoption.after.state is State.RESOLVED


def test_closed_over_there_the_customer_is_told_after_the_replies() -> None:
    adoption = weigh(ledger(), look(RESOLVED, reply()))
    assert (adoption.after.state, adoption.closing) == (State.RESOLVED, True)
    assert len(adoption.replies) == 1


def test_reopened_over_there_an_agent_goes_on() -> None:
    for replied, state in ((True, State.HUMAN), (False, State.WAITING)):
        adoption = weigh(resolved(agent_replied=replied), look(IN_PROGRESS))
        assert adoption.after.state is state
        assert (adoption.after.agreed, adoption.after.reopened_status) == (Side.OPEN, IN_PROGRESS)


def test_a_closure_that_a_message_undoes_is_undone_with_the_status_before() -> None:
    before = ledger(last_contact_position=2, last_open_status=IN_PROGRESS)
    adoption = weigh(before, look(RESOLVED))
    assert adoption.write == (Side.OPEN, IN_PROGRESS)
    assert adoption.after.reopened_status == IN_PROGRESS


def test_after_a_final_status_another_case_follows() -> None:
    adoption = weigh(ledger(last_contact_position=2), look(CLOSED))
    assert (adoption.next_case, adoption.write) == (True, None)


def test_after_three_reopenings_within_the_hour_another_case_follows() -> None:
    recent = tuple(NOW - n * 19 * MINUTE for n in (1, 2, 3))
    blown = ledger(last_contact_position=2, reopenings=recent)
    assert weigh(blown, look(RESOLVED)).next_case
    past = ledger(last_contact_position=2, reopenings=(*recent[:2], NOW - 61 * MINUTE))
    assert weigh(past, look(RESOLVED)).write is not None


def test_the_administrators_word_counts_whatever_the_status() -> None:
    adoption = weigh(ledger(claim=CLAIM), look(IN_PROGRESS))
    assert adoption.after.state is State.RESOLVED
    assert (adoption.after.held_status, adoption.after.agreed_status) == (IN_PROGRESS, IN_PROGRESS)
    assert adoption.judged is not None
    assert adoption.judged.outcome is Outcome.ACCEPTED
    assert "“In progress”" in adoption.judged.reason


def test_an_old_word_is_ignored_with_the_statuss_name() -> None:
    adoption = weigh(ledger(claim=CLAIM, reopened_status=IN_PROGRESS), look(IN_PROGRESS))
    assert adoption.after.state is State.WAITING
    assert adoption.judged is not None
    assert adoption.judged.outcome is Outcome.IGNORED
    assert "“In progress”" in adoption.judged.reason


def test_a_word_that_a_message_overrules_is_remembered_by_its_status() -> None:
    adoption = weigh(ledger(claim=CLAIM, last_contact_position=2), look(IN_PROGRESS))
    assert adoption.after.state is State.WAITING
    assert adoption.after.reopened_status == IN_PROGRESS


def test_resolved_here_with_no_status_to_write_the_case_is_left_open() -> None:
    rules = replace(RULES, resolved_status=None)
    before = ledger(state=State.RESOLVED)
    adoption = adopt(before, look(IN_PROGRESS), {}, rules, now=NOW)
    assert adoption.write is None
    assert (adoption.after.left_open, adoption.after.held_status) == (True, IN_PROGRESS)
    closed = adopt(adoption.after, look(RESOLVED), {}, rules, now=NOW)
    assert not closed.after.left_open, "nobody takes over a case that was closed"


def test_a_case_that_is_gone_stops_the_conversation() -> None:
    adoption = weigh(ledger(), look(None, gone=True))
    assert "no longer exists" in adoption.park


def test_before_the_case_exists_a_word_waits() -> None:
    before = ledger(agreed=None, claim=CLAIM)
    adoption = weigh(before, look(None, gone=True))
    assert (adoption.park, adoption.judged, adoption.after) == ("", None, before)


@pytest.mark.parametrize(
    ("changes", "known", "parked"),
    [
        ({"since": None}, {ActivityId(uuid4()): Known.LINKED}, True),
        ({"since": None}, {}, False),  # nothing of ours ever came there
        ({"since": NOW}, {ActivityId(uuid4()): Known.LINKED}, False),  # only what changed
        ({"since": None, "case_only": True}, {ActivityId(uuid4()): Known.LINKED}, False),
    ],
)
def test_sudden_emptiness_is_not_mirrored(
    changes: dict[str, Any], known: dict[ActivityId, Known], *, parked: bool
) -> None:
    assert bool(weigh(ledger(), look(NEW, **changes), known).park) is parked


def test_a_stamp_from_the_future_hides_nothing() -> None:
    late = reply(at=NOW + timedelta(hours=2))
    assert weigh(ledger(), look(NEW, late)).after.read_through == NOW


def test_what_is_not_a_reply_says_why() -> None:
    task: Activity = reply("")
    adoption = weigh(ledger(), look(NEW, task))
    reason = "not a reply yet: the task has no result"
    assert (adoption.kept_back, adoption.why) == ((KeptBack(task.id, reason),), ())
