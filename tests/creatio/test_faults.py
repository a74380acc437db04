"""What can go wrong between a question and its answer, and what is then true."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from caseway.creatio.circuit import FAILURES_TO_OPEN, State
from caseway.creatio.ticketing import CreatioTicketing
from caseway.domain.connection import ConnectionSettings, Platform
from caseway.domain.ids import CaseId, StatusId
from caseway.domain.remote import Made, Refused, Undecided
from caseway.domain.stock import STATUS_RESOLVED
from caseway.outbound import Outside
from caseway.ports import Later, Never
from tests.creatio.far import CUT, LOGIN_PAGE, NOW, SILENT, Got, Says, far, says
from tests.creatio.parts import (
    LOOPBACK,
    PATIENCE,
    Clock,
    Counted,
    Ground,
    Hurried,
    against,
    connection,
    new_activities,
    new_case,
)

OPEN = StatusId(uuid4())
NO_ROWS = says(200, {"value": []})
STAMP = "2026-11-23T11:59:59.5Z"


def found(*ids: object) -> Says:
    return says(200, {"value": [{"Id": str(one), "CreatedOn": STAMP} for one in ids]})


def case_row(case: CaseId, status: StatusId = OPEN) -> dict[str, Any]:
    return {"Id": str(case), "StatusId": str(status), "Number": "SR7"}


def activity_row(case: CaseId, at: str, status: StatusId = OPEN) -> dict[str, Any]:
    return {
        "Id": str(uuid4()),
        "CaseId": str(case),
        "CreatedOn": at,
        "ModifiedOn": at,
        "Case": {"StatusId": str(status), "Number": "SR7"},
    }


def script(posts: list[Says], reads: Callable[[Got], Says]) -> Callable[[Got], Says]:
    """Answers to POSTs one by one; everything else by `reads`."""
    return lambda got: posts.pop(0) if got.method == "POST" else reads(got)


# --- a create ------------------------------------------------------------------------------

THROTTLED = says(429, extra=(("Retry-After", "5"),))
BAD_ANSWERS = [
    says(500, {"error": {"message": "Cannot insert duplicate key"}}),
    says(400, {"error": {"message": "The request is invalid."}}),
    says(404),
    says(409),
    says(200, "{}"),
    says(204),
    says(201, "<html>", content_type="text/html"),
    LOGIN_PAGE,
    says(302, extra=(("Location", "/Login/NuiLogin.aspx"),)),
    says(401),
    says(403),
    CUT,
    Says(b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{", cut=True),
]


@pytest.mark.parametrize("answer", BAD_ANSWERS)
async def test_whatever_a_create_is_answered_a_record_that_is_there_was_made(answer: Says) -> None:
    case = new_case()
    async with against(script([answer], lambda _: found(case.id))) as ground:
        made = await ground.ticketing.create_case(case)
    assert made == Made(NOW, datetime(2026, 11, 23, 11, 59, 59, 500_000, UTC), found=True)
    assert ground.far.count("POST", "/odata/Case") == 1
    assert (
        ground.far.count(
            "GET", f"/odata/Case?$select=Id,CreatedOn,Number&$filter=Id%20eq%20{case.id}"
        )
        == 1
    )


@pytest.mark.parametrize("answer", BAD_ANSWERS)
async def test_what_is_not_there_has_failed_by_its_kind(answer: Says) -> None:
    refused = b" 400 " in answer.raw
    async with against(script([answer] * 2, lambda _: NO_ROWS)) as ground:
        with pytest.raises(Never if refused else Later) as failure:
            await ground.ticketing.create_case(new_case())
    if isinstance(failure.value, Later):
        assert failure.value.maybe_taken == answer.cut
    asked = [got.method for got in ground.far.got if "connect" not in got.path]
    assert asked in (["POST", "GET"], ["POST", "GET", "POST", "GET"])


async def test_a_time_out_after_the_commit_is_cleared_up_in_the_same_call() -> None:
    case = new_case()

    def answer(got: Got) -> Says:
        return SILENT if got.method == "POST" else found(case.id)

    clock = Clock()
    async with against(answer, clock=clock, way_out=Hurried(clock, "POST")) as ground:
        began = clock()
        made = await ground.ticketing.create_case(case)
    assert isinstance(made, Made)
    assert clock() - began < PATIENCE.total_seconds(), "a part was kept back for the look"


@pytest.mark.parametrize(
    "call",
    [
        lambda creatio, _case: creatio.create_case(new_case()),
        lambda creatio, case: creatio.create_activities(case, new_activities(case, 3)),
        lambda creatio, case: creatio.look(case, since=None, case_first=True),
        lambda creatio, case: creatio.write_status(case, OPEN),
    ],
    ids=["create case", "create activities", "look", "write status"],
)
async def test_no_call_outlives_its_time(
    call: Callable[[CreatioTicketing, CaseId], Awaitable[object]],
) -> None:
    clock = Clock()
    way_out = Hurried(clock, "GET", "POST", "PATCH")
    async with against(lambda _: SILENT, clock=clock, way_out=way_out) as ground:
        began = clock()
        with pytest.raises(Later):
            await call(ground.ticketing, CaseId(uuid4()))
        assert began < clock() <= began + PATIENCE.total_seconds()


async def test_a_throttled_create_was_not_taken_and_asks_nothing_more() -> None:
    async with against(lambda _: THROTTLED) as ground:
        with pytest.raises(Later) as failure:
            await ground.ticketing.create_case(new_case())
    assert not failure.value.maybe_taken
    assert failure.value.retry_after == timedelta(seconds=5)
    assert ground.counted.kinds() == ["token", "create_case"]


async def test_an_instance_that_asks_for_rest_is_not_asked_what_became_of_it() -> None:
    resting = says(503, extra=(("Retry-After", "5"),))
    async with against(lambda _: resting) as ground:
        with pytest.raises(Later) as failure:
            await ground.ticketing.create_case(new_case())
    assert failure.value.maybe_taken
    assert failure.value.retry_after == timedelta(seconds=5)
    assert ground.counted.kinds() == ["token", "create_case"]


async def test_a_create_and_its_look_up_both_lost_leave_doubt() -> None:
    async with against(lambda _: CUT) as ground:
        with pytest.raises(Later) as failure:
            await ground.ticketing.create_case(new_case())
    assert failure.value.maybe_taken


async def test_an_expired_session_is_renewed_and_the_create_repeated_only_after_a_look() -> None:
    case = new_case()
    made = says(201, {"Id": str(case.id), "CreatedOn": STAMP, "Number": "SR1"})
    async with against(script([says(401), made], lambda _: NO_ROWS)) as ground:
        assert (await ground.ticketing.create_case(case)).number == "SR1"
    assert [f"{got.method} {got.path.partition('?')[0]}" for got in ground.far.got] == [
        "POST /connect/token",
        "POST /odata/Case",
        "POST /connect/token",
        "GET /odata/Case",
        "POST /odata/Case",
    ]


# --- a read --------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [LOGIN_PAGE, says(302), says(401), says(403)])
async def test_a_refused_pass_is_renewed_once_and_the_read_repeated(refusal: Says) -> None:
    clock = Clock()
    answers = [says(200, {"value": []})]

    async with against(lambda _: answers.pop(0), clock=clock) as ground:
        await ground.ticketing.time()
        clock.seconds += 120  # the pass is no longer brand new
        answers += [refusal, says(200, {"value": []})]
        await ground.ticketing.time()
        assert ground.counted.kinds() == ["token", "time", "time", "token", "time"]
        clock.seconds += 120
        answers += [refusal, refusal]
        with pytest.raises(Later) as failure:
            await ground.ticketing.time()
    assert failure.value.remedy
    assert ground.counted.kinds()[5:] == ["time", "token", "time"]


async def test_a_right_that_is_missing_does_not_sign_in_again_and_again() -> None:
    async with against(lambda _: says(403)) as ground:
        for _ in range(3):
            with pytest.raises(Later):
                await ground.ticketing.time()
    assert ground.counted.kinds() == ["token", "time", "time", "time"]


@pytest.mark.parametrize(
    "answer",
    [
        says(200, "{"),
        says(200, "[]"),
        says(200, {"value": [{"Id": "no guid"}]}),
        says(200, {"value": {}}),
        says(200, b"\xff"),
        says(200, "[" * 9_000),
        says(404),
        says(500),
        says(200, {"value": []}, date=None),
        CUT,
    ],
)
async def test_rows_that_cannot_be_read_are_never_taken_for_none(answer: Says) -> None:
    async with against(lambda _: answer) as ground:
        with pytest.raises(Later):
            await ground.ticketing.look(CaseId(uuid4()), since=None, case_first=True)
        with pytest.raises(Later):
            await ground.ticketing.existing([new_activities(CaseId(uuid4()), 1)[0].id])


async def test_a_throttle_is_obeyed_by_every_later_call() -> None:
    clock = Clock()
    throttled = says(429, extra=(("Retry-After", "40"),))
    async with against(lambda _: throttled, clock=clock) as ground:
        with pytest.raises(Later) as failure:
            await ground.ticketing.time()
        assert failure.value.retry_after == timedelta(seconds=40)
        clock.seconds += 30
        with pytest.raises(Later) as kept:
            await ground.ticketing.time()
        assert kept.value.retry_after == timedelta(seconds=10)
    assert len(ground.far.got) == 2  # the token, and one question


# --- an instance that is down ---------------------------------------------------------------


def state_of(ground: Ground) -> State:
    return ground.ticketing.circuit.state


async def test_a_dead_instance_costs_nothing_and_its_return_is_told() -> None:
    clock, weather, told = Clock(), [CUT], []

    async with against(
        lambda _: weather[0], clock=clock, on_closed=lambda: told.append("closed")
    ) as ground:
        for _ in range(FAILURES_TO_OPEN):
            with pytest.raises(Later):
                await ground.ticketing.time()
        asked = len(ground.far.got)
        for _ in range(50):
            with pytest.raises(Later) as refused:
                await ground.ticketing.time()
        assert len(ground.far.got) == asked
        assert refused.value.retry_after
        assert not refused.value.maybe_taken
        assert state_of(ground) is State.OPEN
        clock.seconds += refused.value.retry_after.total_seconds()
        weather[0] = says(200, {"value": []})
        await ground.ticketing.time()
    assert told == ["closed"]
    assert state_of(ground) is State.CLOSED


async def test_one_record_that_always_fails_does_not_shut_out_the_others() -> None:
    answer = script([says(500)] * 20, lambda _: NO_ROWS)
    async with against(answer) as ground:
        for _ in range(20):
            with pytest.raises(Later):
                await ground.ticketing.create_case(new_case())
        assert state_of(ground) is State.CLOSED


async def test_one_status_that_can_never_be_written_does_not_either() -> None:
    async with against(lambda got: says(500) if got.method == "PATCH" else NO_ROWS) as ground:
        for _ in range(20):
            with pytest.raises(Later):
                await ground.ticketing.write_status(CaseId(uuid4()), OPEN)
        assert state_of(ground) is State.CLOSED


async def test_refused_credentials_are_not_tried_again_for_a_minute() -> None:
    clock = Clock()
    refusal = says(400, {"error": "invalid_client"})
    async with far(lambda _: refusal) as there, Outside(LOOPBACK) as outside:
        ticketing = CreatioTicketing(connection(there.url), outside, Counted(), monotonic=clock)
        waits = []
        for _ in range(4):
            with pytest.raises(Later) as failure:
                await ticketing.time()
            with pytest.raises(Later) as kept:
                await ticketing.time()
            assert "secret" in failure.value.remedy
            assert kept.value.remedy == failure.value.remedy
            assert kept.value.retry_after
            waits.append(kept.value.retry_after.total_seconds())
            clock.seconds += waits[-1]
    assert waits == [60, 120, 240, 480]
    assert len(there.got) == 4


# --- where it stands ------------------------------------------------------------------------


async def test_the_runtime_is_found_once_and_remembered() -> None:
    def answer(got: Got) -> Says:
        return says(404) if got.path.startswith("/0/") else says(200, {"value": []})

    async with against(answer, platform=Platform.DETECT) as ground:
        await asyncio.gather(*(ground.ticketing.time() for _ in range(5)))
        assert await ground.ticketing.platform() is Platform.CORE
    assert ground.counted.kinds().count("detect") == 2


async def test_an_outage_is_not_taken_for_the_other_runtime() -> None:
    weather = [says(503)]

    def answer(got: Got) -> Says:
        return weather[0] if got.path.startswith("/0/") else says(404)

    async with against(answer, platform=Platform.DETECT) as ground:
        with pytest.raises(Later):
            await ground.ticketing.time()
        assert ground.counted.kinds() == ["token", "detect"]
        weather[0] = says(200, {"value": []})
        assert await ground.ticketing.platform() is Platform.FRAMEWORK


# --- a look ---------------------------------------------------------------------------------


async def test_a_look_of_many_pages_keeps_the_first_status_and_every_row() -> None:
    case = CaseId(uuid4())
    first = [activity_row(case, f"2026-11-23T10:{n // 60:02}:{n % 60:02}Z") for n in range(200)]
    resolved = StatusId(STATUS_RESOLVED)
    later = [
        {**first[-1], "Case": {"StatusId": str(resolved)}},
        activity_row(case, "2026-11-23T11:00:00Z", resolved),
    ]

    def answer(got: Got) -> Says:
        since = "ModifiedOn%20ge" in got.path
        return says(200, {"value": later if since else first})

    async with against(answer) as ground:
        look = await ground.ticketing.look(case, since=None, case_first=False)
    assert len(look.activities) == 201
    assert look.status == OPEN
    assert ground.counted.kinds() == ["token", "look", "look"]


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones() -> None:
    case = CaseId(uuid4())
    rows = [
        {**activity_row(case, f"2026-11-23T10:00:0{n}Z"), "Body": "x" * 7_000_000} for n in range(5)
    ]

    def answer(got: Got) -> Says:
        top = int(got.path.split("$top=")[1].split("&")[0])
        begin = 0
        if "ge%20" in got.path:
            stamp = got.path.split("ge%20")[1][:19]
            begin = next(n for n, row in enumerate(rows) if row["ModifiedOn"][:19] > stamp)
        return says(200, {"value": rows[begin : begin + top]})

    async with against(answer) as ground:
        look = await ground.ticketing.look(case, since=None, case_first=False)
    assert len(look.activities) == 5


@pytest.mark.parametrize("status", [STATUS_RESOLVED, OPEN])
async def test_a_case_that_changed_is_read_first_and_its_activities_only_if_resolved(
    status: StatusId,
) -> None:
    case = CaseId(uuid4())
    row = activity_row(case, STAMP, StatusId(status))

    def answer(got: Got) -> Says:
        if got.path.startswith("/odata/Activity"):
            return says(200, {"value": [row]})
        if got.path.startswith("/odata/CaseStatus"):
            return says(200, {"value": [{"Id": str(STATUS_RESOLVED), "IsResolved": True}]})
        return says(200, {"value": [case_row(case, StatusId(status))]})

    async with against(answer) as ground:
        look = await ground.ticketing.look(case, since=NOW, case_first=True)
        again = await ground.ticketing.look(case, since=NOW, case_first=True)
    resolved = status == STATUS_RESOLVED
    assert look.case_only == again.case_only == (not resolved)
    assert len(look.activities) == resolved
    assert look.status == status
    kinds = ground.counted.kinds()[1:]
    assert kinds == (
        ["case", "statuses", "look", "case", "look"] if resolved else ["case", "statuses", "case"]
    )


async def test_a_listed_status_is_resolved_whatever_its_flags() -> None:
    case = CaseId(uuid4())
    settings = ConnectionSettings(resolved_statuses=frozenset({OPEN}))

    def answer(got: Got) -> Says:
        is_case = got.path.startswith("/odata/Case?")
        return says(200, {"value": [case_row(case)] if is_case else []})

    async with against(answer, settings=settings) as ground:
        look = await ground.ticketing.look(case, since=NOW, case_first=True)
    assert not look.case_only
    assert ground.counted.kinds() == ["token", "case", "look"]


# --- a transcript ---------------------------------------------------------------------------


def part(id: int, status: int, body: object = None) -> dict[str, Any]:
    return {"id": str(id), "status": status, "headers": {}, "body": body}


def good(id: int) -> dict[str, Any]:
    return part(id, 201, {"CreatedOn": STAMP})


class Timeline:
    """Batches are answered by the script; what was made is found by its id."""

    def __init__(
        self, *batches: Says | list[dict[str, Any]], there: set[str] | None = None
    ) -> None:
        self.batches = list(batches)
        self.there = there or set()
        self.bodies: list[Any] = []

    def __call__(self, got: Got) -> Says:
        if got.method == "POST":
            self.bodies.append(got.json)
            answer = self.batches.pop(0)
            return answer if isinstance(answer, Says) else says(200, {"responses": answer})
        if "/odata/Case?" in got.path:
            return says(200, {"value": [{"StatusId": str(OPEN)}]})
        return found(*(one for one in self.there if one in got.path))


async def test_a_transcript_is_one_batch_that_ends_with_the_case() -> None:
    case = CaseId(uuid4())
    activities = new_activities(case, 3)
    status = part(3, 200, {"value": [case_row(case)]})
    timeline = Timeline([good(0), good(1), good(2), status])
    async with against(timeline) as ground:
        written = await ground.ticketing.create_activities(case, activities)
    assert [type(one) for one in written.outcomes] == [Made] * 3
    assert written.status == OPEN
    assert [(call.kind, call.calls) for call in ground.counted.calls[1:]] == [("activities", 4)]
    sent = timeline.bodies[0]["requests"]
    assert [one["body"]["Id"] for one in sent[:3]] == [str(one.id) for one in activities]
    assert sent[3]["method"] == "GET"
    assert "prefer" not in str(ground.far.got[-1].headers).lower()


async def test_nothing_is_created_behind_one_that_was_not_decided() -> None:
    case = CaseId(uuid4())
    timeline = Timeline([good(0), part(1, 503)])
    async with against(timeline) as ground:
        written = await ground.ticketing.create_activities(case, new_activities(case, 4))
    assert [type(one) for one in written.outcomes] == [Made, Undecided, Undecided, Undecided]
    assert written.status is None
    assert len(timeline.bodies) == 1


async def test_one_that_is_refused_for_good_lets_the_next_ones_pass() -> None:
    case = CaseId(uuid4())
    status = part(2, 200, {"value": [case_row(case)]})
    timeline = Timeline([good(0), part(1, 400)], [good(0), good(1), status])
    async with against(timeline) as ground:
        written = await ground.ticketing.create_activities(case, new_activities(case, 4))
    assert [type(one) for one in written.outcomes] == [Made, Refused, Made, Made]
    assert written.status == OPEN


async def test_the_case_is_asked_for_alone_when_the_last_one_was_refused() -> None:
    case = CaseId(uuid4())
    async with against(Timeline([good(0), part(1, 400)])) as ground:
        written = await ground.ticketing.create_activities(case, new_activities(case, 2))
    assert [type(one) for one in written.outcomes] == [Made, Refused]
    assert written.status == OPEN


async def test_what_was_there_already_is_adopted_and_the_rest_created() -> None:
    case = CaseId(uuid4())
    activities = new_activities(case, 4)
    status = part(2, 200, {"value": [case_row(case)]})
    there = {str(one.id) for one in activities[:2]}
    timeline = Timeline([part(0, 500)], [good(0), good(1), status], there=there)
    async with against(timeline) as ground:
        written = await ground.ticketing.create_activities(case, activities)
    assert [type(one) for one in written.outcomes] == [Made] * 4
    assert len(timeline.bodies[1]["requests"]) == 3


@pytest.mark.parametrize("answer", [CUT, says(500), says(502, "<html>", content_type="text/html")])
async def test_a_lost_batch_is_looked_up_and_stops(answer: Says) -> None:
    case = CaseId(uuid4())
    activities = new_activities(case, 3)
    async with against(Timeline(answer, there={str(activities[0].id)})) as ground:
        written = await ground.ticketing.create_activities(case, activities)
    assert [type(one) for one in written.outcomes] == [Made, Undecided, Undecided]
    undecided = written.outcomes[1]
    assert isinstance(undecided, Undecided)
    assert undecided.maybe_taken == answer.cut


@pytest.mark.parametrize("answer", [CUT, says(500), says(429), says(503)])
async def test_a_batch_of_which_nothing_came_back_is_later(answer: Says) -> None:
    case = CaseId(uuid4())
    async with against(Timeline(answer)) as ground:
        with pytest.raises(Later) as failure:
            await ground.ticketing.create_activities(case, new_activities(case, 2))
    assert failure.value.maybe_taken == answer.cut


@pytest.mark.parametrize("answer", [says(400), says(404), says(405), says(501)])
async def test_an_instance_that_takes_no_batches_gets_them_one_by_one(answer: Says) -> None:
    case = CaseId(uuid4())
    single = says(201, {"CreatedOn": STAMP})
    async with against(Timeline(answer, single, single)) as ground:
        written = await ground.ticketing.create_activities(case, new_activities(case, 2))
    assert [type(one) for one in written.outcomes] == [Made, Made]
    assert written.status == OPEN


@pytest.mark.parametrize("answer", [says(200, "{}"), says(200, {"responses": []}), says(200, "[")])
async def test_a_batch_answered_with_nothing_settles_nothing(answer: Says) -> None:
    case = CaseId(uuid4())
    async with against(Timeline(answer)) as ground:
        written = await ground.ticketing.create_activities(case, new_activities(case, 2))
    assert [type(one) for one in written.outcomes] == [Undecided, Undecided]


async def test_a_long_transcript_goes_in_batches_of_twenty() -> None:
    case = CaseId(uuid4())
    status = part(5, 200, {"value": [case_row(case)]})
    timeline = Timeline([good(n) for n in range(20)], [*(good(n) for n in range(5)), status])
    async with against(timeline) as ground:
        written = await ground.ticketing.create_activities(case, new_activities(case, 25))
    assert all(isinstance(one, Made) for one in written.outcomes)
    assert len(written.outcomes) == 25
    assert [len(body["requests"]) for body in timeline.bodies] == [21, 6]
