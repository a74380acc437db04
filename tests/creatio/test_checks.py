"""The named checks of `doctor` and "Test connection"."""

from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from caseway.creatio.checks import checks, names
from caseway.domain.connection import (
    Auth,
    Connection,
    ConnectionSettings,
    Platform,
    Sweeping,
)
from caseway.domain.guide import CASE_CLOSED, NEW_ACTIVITY, TITLES
from caseway.domain.ids import StatusId
from caseway.domain.stock import STATUS_RESOLVED
from caseway.outbound import Outside
from caseway.ports import Arrived, Asking, Check, Evidence, Mark, Place, RefusedCalls
from creatio_sandbox.testing import Plan, Rights, Sandbox, start
from tests.creatio.far import LOGIN_PAGE, Got, Says, far, says
from tests.creatio.parts import LOOPBACK, Counted, connection

NOW = datetime(2026, 3, 3, 14, 2, tzinfo=UTC)
USED = Evidence(
    made=frozenset({"Case", "Activity", "Contact"}),
    arrived=[
        Arrived("k3f9q2aa", kind, NOW - timedelta(days=9), NOW - timedelta(seconds=3), 7, 0, 0)
        for kind in (NEW_ACTIVITY, CASE_CLOSED)
    ],
)
UNSEEN = {"change"}  # what a test that leaves nothing behind cannot see


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with start(Plan()) as made:
        yield made


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """With both processes, active, under the titles that the guide gives them."""
    running.set_webhook("http://127.0.0.1:9/hook")
    for process in running.processes():
        kind = CASE_CLOSED if process.object == "Case" else NEW_ACTIVITY
        running.keep_process(replace(process, name=TITLES[kind]))
    yield running
    running.reset()
    running.set_rights()
    running.set_faults()


async def asked(
    known: Connection,
    *,
    now: datetime | None = None,
    used: int = 0,
    allowed: bool = True,
    evidence: Evidence = USED,
    only: str = "",
) -> dict[str, Check]:
    counted = Counted()
    async with Outside(LOOPBACK if allowed else ()) as outside:
        found = checks(
            known,
            outside,
            _Used(used) if used else counted,
            now=lambda: now or datetime.now(UTC),
            evidence=evidence,
            only=only,
        )
        return {check.name: check async for check in found}


class _Used(Counted):
    def __init__(self, used: int) -> None:
        super().__init__()
        self._used = used

    def used_today(self) -> int:
        return self._used


def to(sandbox: Sandbox, **settings: object) -> Connection:
    chosen = changed(ConnectionSettings(), **settings)  # type: ignore[arg-type] # real fields
    return connection(sandbox.url, login="sandbox", secret=sandbox.key, settings=chosen)


async def test_all_is_well_with_a_good_connection(sandbox: Sandbox) -> None:
    known = to(sandbox, resolved_status=StatusId(STATUS_RESOLVED))
    found = await asked(known)
    assert tuple(found) == names(known)
    unseen = {name for name, check in found.items() if check.mark is Mark.UNKNOWN}
    assert unseen == UNSEEN
    assert {found[name].mark for name in found.keys() - UNSEEN} == {Mark.OK}, found
    assert "127.0.0.1" in found["address"].detail
    assert all(check.elapsed >= timedelta() for check in found.values())


async def test_the_login_is_checked_where_there_is_no_token(sandbox: Sandbox) -> None:
    known = connection(sandbox.url, auth=Auth.FORMS, login="Supervisor", secret="Supervisor")
    assert (await asked(known))["login"].mark is Mark.OK


async def test_a_wrong_secret_ends_it_there_with_what_to_do(sandbox: Sandbox) -> None:
    found = await asked(connection(sandbox.url, login="sandbox", secret="wrong-secret"))
    assert list(found) == ["address", "connection", "token"]
    assert found["token"].mark is Mark.FAILED
    assert "Settings → Ticketing → Creatio" in found["token"].remedy
    assert "wrong-secret" not in repr(found)


async def test_a_private_address_names_the_operators_setting(sandbox: Sandbox) -> None:
    found = await asked(to(sandbox), allowed=False)
    assert list(found) == ["address"]
    assert "CASEWAY_ALLOWED_NETWORKS" in found["address"].remedy


async def test_a_name_that_nobody_has_fails_the_first_check() -> None:
    found = await asked(connection("https://nobody.invalid"))
    assert list(found) == ["address"]
    assert found["address"].remedy


async def test_an_identity_service_that_is_not_there_is_named(sandbox: Sandbox) -> None:
    wrong = changed(to(sandbox), identity_url="https://id.invalid")
    found = (await asked(wrong))["token"]
    assert found.detail == "identity service: there is no address for id.invalid"
    assert "identity service URL" in found.remedy


async def test_what_is_no_creatio_is_a_question_of_the_instance_url_first() -> None:
    async with far(lambda _: says(404)) as there:
        assert "instance URL" in (await asked(connection(there.url)))["token"].remedy


async def test_a_user_without_any_right_is_no_question_of_the_address(sandbox: Sandbox) -> None:
    sandbox.set_rights(Rights(users={"Integration user": {"*": frozenset()}}))
    found = (await asked(changed(to(sandbox), platform=Platform.DETECT)))["OData"]
    assert (found.mark, found.detail) == (Mark.FAILED, "Creatio answered 403")
    assert "the right to read" in found.remedy
    assert found.place is not None
    assert found.place.clicks == "System designer → Object permissions"


async def test_where_nobody_listens_the_second_check_fails() -> None:
    async with far(lambda _: says()) as there:
        url = there.url
    assert list(await asked(connection(url))) == ["address", "connection"]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"owner": uuid4()}, "case owner"),
        ({"group": uuid4()}, "case group"),
        ({"origins": {"api": uuid4()}}, "case origins"),
        ({"priorities": {"api": uuid4()}}, "priorities"),
        ({"reopen_status": StatusId(uuid4())}, "statuses"),
        ({"resolved_statuses": frozenset({StatusId(UUID(int=7))})}, "statuses"),
    ],
)
async def test_what_was_chosen_and_is_gone_is_named(
    sandbox: Sandbox, settings: dict[str, object], name: str
) -> None:
    found = await asked(to(sandbox, **settings))
    assert [check.name for check in found.values() if check.mark is Mark.FAILED] == [name]
    assert found[name].remedy


async def test_a_failure_that_creatio_mends_says_on_which_of_its_pages(sandbox: Sandbox) -> None:
    def page(check: Check) -> tuple[str, str]:
        assert check.place is not None, check
        return check.place.clicks, check.place.url.removeprefix(sandbox.url)

    wrong = connection(
        sandbox.url, login="sandbox", secret="wrong-secret", platform=Platform.DETECT
    )
    assert page((await asked(wrong))["token"]) == (
        "System designer → OAuth 2.0 integrated applications",
        "/0/Nui/ViewModule.aspx#SectionModuleV2/OAuthClientAppSection",
    )
    wrong = changed(wrong, auth=Auth.FORMS, login="Supervisor")
    assert "UsersSectionV2" in page((await asked(wrong))["login"])[1]
    gone = await asked(changed(to(sandbox, group=uuid4()), platform=Platform.CORE))
    assert page(gone["case group"])[0] == "System designer → Organizational roles"
    assert page(gone["case group"])[1].startswith("/Nui/ViewModule.aspx#SectionModuleV2/SysAdmin")
    sandbox.set_rights(Rights(users={"Integration user": {"Case": frozenset()}}))
    refused = await asked(to(sandbox))
    assert page(refused["read cases"])[0] == "System designer → Object permissions"
    assert refused["read contacts"].place is None

    async with far(lambda _: says(404)) as there:
        silent = (await asked(connection(there.url, auth=Auth.FORMS)))["login"]
        assert silent.place == Place("", f"{there.url}/")
    throttled = await asked(connection("https://nobody.invalid"))
    assert throttled["address"].place is None, "there is nothing to open"


@pytest.mark.parametrize("hours", [-3, 3])
async def test_clocks_that_disagree_are_a_warning(sandbox: Sandbox, hours: int) -> None:
    found = await asked(to(sandbox), now=datetime.now(UTC) + timedelta(hours=hours))
    assert found["clock"].mark is Mark.WARN
    assert ("behind" if hours > 0 else "ahead") in found["clock"].detail


async def test_a_budget_that_runs_out_is_a_warning(sandbox: Sandbox) -> None:
    assert (await asked(to(sandbox), used=8_001))["budget"].mark is Mark.WARN
    found = await asked(to(sandbox, calls_a_day=None), used=8_001)
    assert found["budget"].mark is Mark.OK


@pytest.mark.parametrize(
    "answer",
    [
        LOGIN_PAGE,
        says(500, {"error": {"message": "internal words"}}),
        says(403, {"Message": "internal words"}),
        says(400, {"Message": "internal words"}),
        says(200, {"value": "internal words"}),
        says(200, "internal words"),
        says(301, "internal words", content_type="text/plain"),
    ],
)
async def test_nothing_of_a_foreign_body_is_shown(answer: Says) -> None:
    def answers(got: Got) -> Says:
        is_token = got.path == "/connect/token"
        return says(200, {"access_token": "t"}) if is_token else answer

    async with far(answers) as there:
        known = connection(there.url)
        for name in names(known):
            assert "internal words" not in repr(await asked(known, only=name)), name

    for first in (answers, lambda _: answer):
        async with far(first) as there:
            found = await asked(connection(there.url))
        assert "internal words" not in repr(found)
        assert any(check.mark is Mark.FAILED for check in found.values())
        assert all(check.remedy for check in found.values() if check.mark is Mark.FAILED), found


async def test_one_check_can_be_asked_again_alone(sandbox: Sandbox) -> None:
    found = await asked(to(sandbox), only="statuses")
    assert list(found) == ["statuses"]
    assert found["statuses"].mark is Mark.OK


async def test_a_process_that_is_not_active_is_named(sandbox: Sandbox) -> None:
    closing = next(each for each in sandbox.processes() if each.object == "Case")
    sandbox.keep_process(replace(closing, active=False))
    found = (await asked(to(sandbox)))["processes"]
    assert found.mark is Mark.WARN
    assert TITLES[CASE_CLOSED] in found.detail
    assert TITLES[NEW_ACTIVITY] not in found.detail
    assert found.place is not None
    assert "Process library" in found.place.clicks


async def test_a_process_under_another_title_is_believed_once_it_calls(sandbox: Sandbox) -> None:
    for process in sandbox.processes():
        sandbox.keep_process(replace(process, name="Caseway internal words"))
    silent = (await asked(to(sandbox), evidence=Evidence()))["processes"]
    assert silent.mark is Mark.WARN
    calling = (await asked(to(sandbox)))["processes"]
    assert calling.mark is Mark.OK
    assert "internal words" not in repr((silent, calling))


async def test_a_library_that_creatio_hides_is_no_fault(sandbox: Sandbox) -> None:
    hidden = Rights(users={"Integration user": {"VwProcessLib": frozenset()}})
    sandbox.set_rights(hidden)
    found = await asked(to(sandbox))
    assert found["processes"].mark is Mark.UNKNOWN
    assert found["processes"].remedy


async def test_rights_to_create_show_in_what_was_created(sandbox: Sandbox) -> None:
    none = (await asked(to(sandbox), evidence=Evidence(), only="create"))["create"]
    some = Evidence(made=frozenset({"Case"}))
    part = (await asked(to(sandbox), evidence=some, only="create"))["create"]
    refused = Evidence(made=USED.made, refused=2)
    never = (await asked(to(sandbox), evidence=refused, only="create"))["create"]
    assert [none.mark, part.mark, never.mark] == [Mark.UNKNOWN, Mark.UNKNOWN, Mark.WARN]
    assert "cases have been created; activities and contacts not yet" in part.detail
    assert "2 activities" in never.detail


async def test_a_call_too_many_is_told_as_a_rate_limit() -> None:
    def answers(got: Got) -> Says:
        if got.path == "/connect/token":
            return says(200, {"access_token": "t"})
        if "/Contact" in got.path:
            return says(429, {})
        return says(200, {"value": []})

    async with far(answers) as there:
        found = await asked(connection(there.url))
    assert found["read contacts"].mark is Mark.FAILED
    assert found["rate limits"].mark is Mark.WARN


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence(), "no webhook has ever arrived; replies come by the sweep, up to 30 s later"),
        (Evidence(arrived=USED.arrived[:1]), "case_closed never did"),
        (changed(USED, healed=2), "the sweep found 2 replies"),
        (
            changed(USED, refused_calls=[RefusedCalls("k3f9q2aa", "10.0.0.5", 3, known=True)]),
            "3 calls with a wrong token",
        ),
    ],
)
async def test_what_is_wrong_with_the_webhook_is_said_with_its_remedy(
    sandbox: Sandbox, evidence: Evidence, words: str
) -> None:
    found = (await asked(to(sandbox), evidence=evidence, only="webhook"))["webhook"]
    assert found.mark is Mark.WARN
    assert words in found.detail
    assert "Settings → Integrations → Creatio" in found.remedy or TITLES[NEW_ACTIVITY] in (
        found.remedy
    )


async def test_how_much_later_a_reply_comes_without_webhooks_is_this_connections_own(
    sandbox: Sandbox,
) -> None:
    async def said(sweeping: Sweeping) -> str:
        known = to(sandbox, sweeping=sweeping)
        return (await asked(known, evidence=Evidence(), only="webhook"))["webhook"].detail

    assert (await said(Sweeping(interval=timedelta(minutes=5)))).endswith("up to 5 min later")
    assert (await said(Sweeping(enabled=False))).endswith("no reply comes, since the sweep is off")


async def test_a_webhook_that_works_says_when_it_came_last(sandbox: Sandbox) -> None:
    found = (await asked(to(sandbox), now=NOW, only="webhook"))["webhook"]
    assert (found.mark, found.detail) == (Mark.OK, "Creatio calls, last 3 s ago")


async def test_the_sweep_says_how_it_stands(sandbox: Sandbox) -> None:
    async def said(asking: Asking, *, enabled: bool = True) -> Check:
        known = to(sandbox)
        settings = changed(known.settings, sweeping=Sweeping(enabled=enabled))
        evidence = changed(USED, asking=asking)
        known = changed(known, settings=settings)
        return (await asked(known, now=NOW, evidence=evidence, only="sweep"))["sweep"]

    usual = Asking(at=NOW - timedelta(seconds=7))
    assert (await said(usual)).detail == "asked for changes 7 s ago"
    assert {(await said(each)).mark for each in (usual, Asking())} == {Mark.OK}
    off = await said(changed(usual, stamps_off=timedelta(hours=3)))
    ill = await said(changed(usual, trouble="Creatio answered 503"))
    silent = await said(usual, enabled=False)
    assert {check.mark for check in (off, ill, silent)} == {Mark.WARN}
    assert "up to 3:00:00 off" in off.detail
    assert ill.detail == "Creatio answered 503"
    assert "--sweep" in silent.remedy
