"""What every ticketing provider does, seen from the agent's desk.

Run against Creatio's stand-in, a program that shares no code with us, on both runtimes and with
both ways of signing in.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from caseway.creatio.ticketing import CreatioTicketing
from caseway.creatio.words import plain_text
from caseway.domain.connection import Auth, Platform
from caseway.domain.ids import ActivityId, CaseId, RemoteContactId, StatusId
from caseway.domain.remote import Made, NewContact, Refused, Undecided
from caseway.domain.stock import (
    COMPLETED,
    ORIGIN_CHAT,
    STATUS_REOPENED,
    STATUS_RESOLVED,
    TASK,
)
from caseway.outbound import Outside
from caseway.ports import Later, Never, Ticketing
from creatio_sandbox.faults import read_spec
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.creatio.parts import LOOPBACK, Counted, connection, new_activities, new_case
from tests.far_side import NEW

HOUR = timedelta(hours=1)


class Skipping:
    """The monotonic clock, with waits that a test does not sit through."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.skipped


@dataclass
class Ground:
    ticketing: Ticketing
    sandbox: Sandbox
    counted: Counted
    clock: Skipping

    def spent(self) -> int:
        """Calls since it was last asked."""
        spent = self.counted.used_today()
        self.counted.calls.clear()
        return spent


@pytest.fixture(scope="module", params=[Platform.FRAMEWORK, Platform.CORE], ids=str)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with start(Plan(platform=str(request.param))) as running:
        yield running


@pytest.fixture(params=[Auth.OAUTH, Auth.FORMS], ids=str)
async def ground(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[Ground]:
    sandbox.set_faults()
    auth: Auth = request.param
    known = connection(
        sandbox.url,
        auth=auth,
        platform=Platform.DETECT,
        login="sandbox" if auth is Auth.OAUTH else "Supervisor",
        secret=sandbox.key if auth is Auth.OAUTH else "Supervisor",
    )
    async with Outside(LOOPBACK) as outside:
        counted, clock = Counted(), Skipping()
        ticketing = CreatioTicketing(known, outside, counted, monotonic=clock, chance=lambda: 0.0)
        await ticketing.time()
        counted.calls.clear()
        yield Ground(ticketing, sandbox, counted, clock)
    sandbox.set_faults()


async def open_case(ground: Ground) -> CaseId:
    case = new_case()
    await ground.ticketing.create_case(case)
    return case.id


# --- cases -----------------------------------------------------------------------------------


async def test_a_case_stands_on_the_desk_as_it_was_given(ground: Ground) -> None:
    case = new_case(subject="Brake squeals", description="It <b>does</b>.", origin=ORIGIN_CHAT)
    made = await ground.ticketing.create_case(case)
    assert ground.spent() == 1
    row = ground.sandbox.row("Case", str(case.id))
    assert row is not None
    assert (row["Subject"], row["Symptoms"]) == ("Brake squeals", "It <b>does</b>.")
    assert row["OriginId"] == str(ORIGIN_CHAT)
    assert made.number == row["Number"]
    assert made.stamp
    assert abs(made.at - made.stamp) < timedelta(minutes=1)


async def test_a_case_created_twice_is_one_case(ground: Ground) -> None:
    case = new_case(subject=f"Only one {uuid4()}")
    first = await ground.ticketing.create_case(case)
    second = await ground.ticketing.create_case(replace(case, subject="another attempt"))
    assert second.number == first.number
    assert len(ground.sandbox.cases(search=case.subject)) == 1


async def test_a_case_that_does_not_exist_is_gone(ground: Ground) -> None:
    for case_first in (True, False):
        look = await ground.ticketing.look(CaseId(uuid4()), since=None, case_first=case_first)
        assert look.gone
        assert look.status is None
        assert not look.activities
    assert await ground.ticketing.case_status(CaseId(uuid4())) is None


# --- activities ------------------------------------------------------------------------------


async def test_messages_become_finished_tasks_in_order(ground: Ground) -> None:
    case = await open_case(ground)
    ground.spent()
    activities = new_activities(case, 5)
    activities[1] = replace(activities[1], text="a < b & c\nsecond line 😀", title="T" * 700)
    written = await ground.ticketing.create_activities(case, activities)
    assert ground.spent() == 6
    assert all(isinstance(one, Made) for one in written.outcomes)
    assert written.status == await ground.ticketing.case_status(case)
    rows = ground.sandbox.case(str(case))["activities"]
    assert [row["Id"] for row in rows] == [str(one.id) for one in activities]
    assert rows[1]["DetailedResult"] == "a < b & c\nsecond line 😀"
    assert {row["StatusId"] for row in rows} == {str(COMPLETED)}
    assert {row["TypeId"] for row in rows} == {str(TASK)}
    assert not any(row["ShowInScheduler"] for row in rows)
    assert rows[0]["StartDate"].startswith("2026-11-23T11:58:30")


async def test_a_transcript_written_twice_is_one_transcript(ground: Ground) -> None:
    case = await open_case(ground)
    activities = new_activities(case, 30)
    await ground.ticketing.create_activities(case, activities[:14])
    written = await ground.ticketing.create_activities(case, activities)
    assert all(isinstance(one, Made) for one in written.outcomes)
    assert written.status is not None
    rows = ground.sandbox.case(str(case))["activities"]
    assert [row["Id"] for row in rows] == [str(one.id) for one in activities]


async def test_what_follows_a_failed_activity_is_not_created(ground: Ground) -> None:
    case = await open_case(ground)
    activities = new_activities(case, 3)
    activities[1] = replace(activities[1], contact=RemoteContactId(uuid4()))  # nobody
    written = await ground.ticketing.create_activities(case, activities)
    assert [type(one) for one in written.outcomes] == [Made, Undecided, Undecided]
    rows = ground.sandbox.case(str(case))["activities"]
    assert [row["Id"] for row in rows] == [str(activities[0].id)]


# --- a look ----------------------------------------------------------------------------------


async def test_an_agents_reply_is_seen_in_one_call(ground: Ground) -> None:
    case = await open_case(ground)
    begin = await ground.ticketing.time()
    task = ground.sandbox.write_task(str(case), "The pads are on their way.")
    mail = ground.sandbox.write_email(str(case), "And a <spare>.", to="ann@x.example")
    ground.spent()
    look = await ground.ticketing.look(case, since=begin - HOUR, case_first=False)
    assert ground.spent() == 1
    assert [str(one.id) for one in look.activities] == [task, mail]
    first, second = look.activities
    assert first.detailed_result == "The pads are on their way."
    assert first.case == case
    assert first.author_name
    assert second.is_html
    assert plain_text(second.body) == "And a <spare>."
    assert "ann@x.example" in second.recipients
    assert look.status == await ground.ticketing.case_status(case)
    assert look.number
    assert not look.case_only
    assert look.since == begin - HOUR
    assert abs(look.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_look_reads_what_changed_since_and_nothing_older(ground: Ground) -> None:
    case = await open_case(ground)
    ground.sandbox.write_task(str(case), "old")
    draft = ground.sandbox.write_task(str(case), "", finished=False)
    before = await ground.ticketing.look(case, since=None, case_first=False)
    since = max(one.modified_on for one in before.activities) + timedelta(microseconds=10)
    quiet = await ground.ticketing.look(case, since=since, case_first=False)
    assert not quiet.activities
    assert quiet.status is not None
    assert not quiet.case_only
    ground.sandbox.finish_task(draft, "now it is a reply")
    after = await ground.ticketing.look(case, since=since, case_first=False)
    assert [str(one.id) for one in after.activities] == [draft]


async def test_a_reply_written_before_the_closure_is_in_the_look_that_sees_it(
    ground: Ground,
) -> None:
    case = await open_case(ground)
    ground.spent()
    still_open = await ground.ticketing.look(case, since=None, case_first=True)
    assert still_open.case_only
    task = ground.sandbox.write_task(str(case), "Last words.")
    ground.sandbox.resolve(str(case))
    look = await ground.ticketing.look(case, since=None, case_first=True)
    assert look.status == STATUS_RESOLVED
    assert [str(one.id) for one in look.activities] == [task]


# --- statuses --------------------------------------------------------------------------------


async def test_statuses_come_with_their_flags_and_are_asked_for_once(ground: Ground) -> None:
    known = await ground.ticketing.statuses()
    await ground.ticketing.statuses()
    assert ground.spent() == 1
    assert known[StatusId(STATUS_RESOLVED)].is_resolved
    assert not known[StatusId(STATUS_REOPENED)].flagged
    assert sum(one.is_final for one in known.values()) >= 2


async def test_a_status_is_written_and_read_back(ground: Ground) -> None:
    case = await open_case(ground)
    ground.spent()
    for status in (STATUS_RESOLVED, STATUS_REOPENED, STATUS_REOPENED):
        await ground.ticketing.write_status(case, StatusId(status))
        assert ground.spent() == 1
        assert await ground.ticketing.case_status(case) == status
        ground.spent()


async def test_the_status_of_a_case_that_is_gone_can_never_be_written(ground: Ground) -> None:
    with pytest.raises(Never):
        await ground.ticketing.write_status(CaseId(uuid4()), StatusId(STATUS_RESOLVED))


# --- contacts --------------------------------------------------------------------------------


async def test_a_contact_is_found_by_email_then_by_phone(ground: Ground) -> None:
    mark = uuid4().hex[:10]
    digits = f"{uuid4().int % 10**9:09}"
    contact = NewContact(
        RemoteContactId(uuid4()), "Ann O'Hara", f"ann.o'hara+{mark}@example.com", f"+41{digits}"
    )
    find = ground.ticketing.find_contacts
    assert not await find(email=contact.email, phone=contact.phone)
    first = await ground.ticketing.create_contact(contact)
    again = await ground.ticketing.create_contact(contact)
    assert first.stamp
    assert again.stamp
    assert abs(first.stamp - again.stamp) < timedelta(milliseconds=1)
    assert list(await find(email=contact.email, phone="")) == [contact.id]
    assert list(await find(email="nobody@example.com", phone=contact.phone)) == [contact.id]
    assert not await find(email="nobody@example.com", phone="")


async def test_a_number_typed_by_an_agent_is_found_by_its_end(ground: Ground) -> None:
    digits = f"7{uuid4().int % 10**8:08}"
    contact = ground.sandbox.create("Contact", {"Name": "Typed by hand"})
    option = ground.sandbox.create(
        "ContactCommunication",
        {
            "ContactId": contact,
            "CommunicationTypeId": "d4a2dc80-30ca-df11-9b2a-001d60e938c6",
            "Number": f"0{digits[:2]} {digits[2:5]} {digits[5:]}",
        },
    )
    found = await ground.ticketing.find_contacts(email="", phone=f"+41{digits}")
    assert [str(one) for one in found] == [contact]
    assert not await ground.ticketing.find_contacts(email="", phone=f"+4198{digits[2:]}")
    ground.sandbox.change("ContactCommunication", option, {"Number": f"+44 {digits}"})
    assert not await ground.ticketing.find_contacts(email="", phone=f"+41{digits}")


async def test_of_two_the_one_that_changed_last_comes_first(ground: Ground) -> None:
    email = f"{uuid4().hex}@example.com"
    old = ground.sandbox.create("Contact", {"Name": "Old", "Email": email})
    new = ground.sandbox.create("Contact", {"Name": "New", "Email": email})
    found = await ground.ticketing.find_contacts(email=email.upper(), phone="")
    assert not found or [str(one) for one in found] == [new, old]
    ground.sandbox.change("Contact", old, {"Name": "Changed"})
    found = await ground.ticketing.find_contacts(email=email, phone="")
    assert [str(one) for one in found] == [old, new]


# --- the sweep -------------------------------------------------------------------------------


async def test_a_sweep_finds_every_change_once_by_going_on_from_the_last_stamp(
    ground: Ground,
) -> None:
    case = await open_case(ground)
    look = await ground.ticketing.look(case, since=None, case_first=True)
    tasks = [ground.sandbox.write_task(str(case), f"n{n}") for n in range(7)]
    since, seen, pages = look.at - timedelta(seconds=2), [], 0
    while True:
        page = await ground.ticketing.changed_activities(since, 3)
        stamps = [row.modified_on for row in page.rows]
        assert stamps == sorted(stamps)
        seen += [row for row in page.rows if row not in seen]
        pages += 1
        since = page.rows[-1].modified_on
        if not page.full:
            break
    mine = [str(row.record) for row in seen if row.case == case]
    assert mine == tasks
    assert pages >= 3
    cases = await ground.ticketing.changed_cases(look.at - timedelta(seconds=2), 500)
    assert case in {row.case for row in cases.rows}
    assert not cases.full


async def test_creatios_clock_is_read_from_its_answers(ground: Ground) -> None:
    ground.sandbox.set_faults(clock_offset_s=-7_200)
    at = await ground.ticketing.time()
    assert abs(datetime.now(UTC) - 2 * HOUR - at) < timedelta(minutes=1)


async def test_a_column_of_the_rule_is_read_with_the_activities(ground: Ground) -> None:
    case = await open_case(ground)
    marked = {
        UUID(ground.sandbox.write_task(str(case), "plain")): False,
        UUID(inside := ground.sandbox.write_task(str(case), "inside")): True,
    }
    ground.sandbox.change("Activity", inside, {"IsNotPublished": True})
    newest = await ground.ticketing.newest_activities([case], 5, marked_by="IsNotPublished")
    assert {one.id: one.is_marked for one in newest} == marked
    plain = await ground.ticketing.newest_activities([case], 5, marked_by="")
    assert not any(one.is_marked for one in plain)


async def test_the_preview_and_the_proof_ask_for_many_cases_at_once(ground: Ground) -> None:
    cases = [await open_case(ground) for _ in range(14)]
    written = [ground.sandbox.write_task(str(case), "x") for case in cases]
    newest = await ground.ticketing.newest_activities(cases, 5, marked_by="")
    assert [str(one.id) for one in newest] == written[:-6:-1]
    known = [ActivityId(UUID(one)) for one in written]
    ground.spent()
    there = await ground.ticketing.existing([*known, ActivityId(uuid4())])
    assert there == set(known)
    assert ground.spent() == 2


async def test_a_listing_shows_all_of_some_cases_in_two_calls(ground: Ground) -> None:
    cases = [await open_case(ground) for _ in range(12)]
    written = {ground.sandbox.write_task(str(case), "x"): case for case in cases[:3]}
    ground.sandbox.write_task(str(await open_case(ground)), "of another case")
    ground.spent()
    listed = await ground.ticketing.listing([*cases[:11], CaseId(uuid4())])
    assert ground.spent() == 2
    assert listed.statuses == dict.fromkeys(cases[:11], NEW)
    assert {str(one): case for one, case in listed.activities.items()} == written


# --- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["after_commit", "answers_lost"])
async def test_what_was_written_before_it_failed_is_found_and_not_written_again(
    ground: Ground, fault: str
) -> None:
    ground.sandbox.set_faults(read_spec(f"{fault}=1"))
    case = new_case()
    made = await ground.ticketing.create_case(case)
    assert made.number
    activities = new_activities(case.id, 3)
    written = await ground.ticketing.create_activities(case.id, activities)
    ground.sandbox.set_faults()
    if not all(isinstance(one, Made) for one in written.outcomes):
        written = await ground.ticketing.create_activities(case.id, activities)
    assert all(isinstance(one, Made) for one in written.outcomes)
    rows = ground.sandbox.case(str(case.id))["activities"]
    assert [row["Id"] for row in rows] == [str(one.id) for one in activities]


@pytest.mark.parametrize("fault", ["throttled", "cut", "errors"])
async def test_an_instance_in_trouble_is_later_for_every_call(ground: Ground, fault: str) -> None:
    ground.sandbox.set_faults(read_spec(f"{fault}=1"))
    case = CaseId(uuid4())
    for call in (
        ground.ticketing.create_case(new_case()),
        ground.ticketing.create_activities(case, new_activities(case, 2)),
        ground.ticketing.look(case, since=None, case_first=False),
        ground.ticketing.write_status(case, StatusId(STATUS_RESOLVED)),
        ground.ticketing.find_contacts(email="a@x.example", phone=""),
        ground.ticketing.changed_cases(datetime.now(UTC), 10),
        ground.ticketing.time(),
    ):
        with pytest.raises(Later):
            await call


async def test_an_ended_session_is_noticed_and_renewed_in_the_same_call(ground: Ground) -> None:
    case = await open_case(ground)
    ground.sandbox.end_sessions()
    assert (await ground.ticketing.look(case, since=None, case_first=True)).status
    ground.sandbox.end_sessions()
    written = await ground.ticketing.create_activities(case, new_activities(case, 2))
    assert all(isinstance(one, Made) for one in written.outcomes)
    ground.sandbox.end_sessions()
    await ground.ticketing.write_status(case, StatusId(STATUS_RESOLVED))
    ground.sandbox.end_sessions()
    assert (await ground.ticketing.create_case(new_case())).number


async def test_a_customised_and_strict_instance_makes_no_difference(ground: Ground) -> None:
    ground.sandbox.set_faults(whole_rows_broken=True, strict_csrf=True, swallow_unknown=True)
    case = await open_case(ground)
    await ground.ticketing.create_activities(case, new_activities(case, 2))
    await ground.ticketing.write_status(case, StatusId(STATUS_RESOLVED))
    look = await ground.ticketing.look(case, since=None, case_first=True)
    assert look.status == STATUS_RESOLVED
    assert len(look.activities) == 2


async def test_in_any_weather_each_record_is_made_once_and_in_order(ground: Ground) -> None:
    ground.sandbox.set_faults(
        seed=7, errors=0.15, after_commit=0.15, answers_lost=0.15, cut=0.1, sessions_expired=0.1
    )
    case = new_case(subject=f"Weather {uuid4()}")
    activities = new_activities(case.id, 12)

    async def open_it() -> bool:
        return bool(await ground.ticketing.create_case(case))

    async def write_it() -> bool:
        written = await ground.ticketing.create_activities(case.id, activities)
        assert not any(isinstance(one, Refused) for one in written.outcomes)
        return not any(isinstance(one, Undecided) for one in written.outcomes)

    await until_done(ground, open_it)
    await until_done(ground, write_it)
    ground.sandbox.set_faults()
    assert len(ground.sandbox.cases(search=case.subject)) == 1
    rows = ground.sandbox.case(str(case.id))["activities"]
    assert [row["Id"] for row in rows] == [str(one.id) for one in activities]


async def until_done(ground: Ground, attempt: Callable[[], Awaitable[bool]]) -> None:
    """As the sync does it: the same call again until it works, after the wait that was asked."""
    for _ in range(100):
        try:
            if await attempt():
                return
        except Later as failure:
            ground.clock.skipped += (failure.retry_after or timedelta()).total_seconds()
    raise AssertionError("it never worked")
