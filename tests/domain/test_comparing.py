"""What the nightly comparison finds worth a look."""

from uuid import UUID, uuid4

from caseway.domain.comparing import OpenCase, differences
from caseway.domain.conversation import Hint
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ConversationId,
    ConversationKey,
    OrganisationId,
    StatusId,
)
from caseway.domain.remote import Listing

NEW, CLOSED = StatusId(UUID(int=1)), StatusId(UUID(int=2))
ALL = Hint.ACTIVITIES | Hint.WHOLE


def open_case() -> OpenCase:
    key = ConversationKey(OrganisationId(uuid4()), ConversationId(uuid4()))
    return OpenCase(key, CaseId(uuid4()), NEW, has_activities=True)


def activity() -> ActivityId:
    return ActivityId(uuid4())


def test_where_both_sides_are_alike_nothing_is_looked_at() -> None:
    ours, known = open_case(), activity()
    theirs = Listing({ours.case: NEW}, {known: ours.case})
    assert differences([ours], theirs, {known}) == {}


def test_an_activity_that_we_do_not_know_is_worth_a_whole_look() -> None:
    ours, other, known, late = open_case(), open_case(), activity(), activity()
    theirs = Listing(
        {ours.case: NEW, other.case: NEW},
        {known: ours.case, late: ours.case, activity(): other.case},
    )
    assert differences([ours, other], theirs, {known}) == {ours.key: ALL, other.key: ALL}


def test_another_status_and_a_case_that_is_gone_are_worth_a_look_at_the_case() -> None:
    closed, gone = open_case(), open_case()
    theirs = Listing({closed.case: CLOSED}, {activity(): closed.case, activity(): gone.case})
    linked = set(theirs.activities)
    assert differences([closed, gone], theirs, linked) == {
        closed.key: Hint.CASE,
        gone.key: Hint.CASE,
    }


def test_a_case_that_shows_none_of_its_activities_is_worth_a_look() -> None:
    ours = open_case()
    assert differences([ours], Listing({ours.case: NEW}, {}), set()) == {ours.key: ALL}


def test_an_activity_of_another_case_is_nobodys() -> None:
    ours, known = open_case(), activity()
    theirs = Listing({ours.case: NEW}, {known: ours.case, activity(): CaseId(uuid4())})
    assert differences([ours], theirs, {known}) == {}
