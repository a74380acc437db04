"""The named checks of `doctor` and "Test connection"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from caseway.creatio.checks import Check, Mark, checks
from caseway.domain.connection import Auth, Connection, ConnectionSettings
from caseway.domain.ids import StatusId
from caseway.domain.stock import STATUS_RESOLVED
from caseway.outbound import Outside
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.creatio.far import LOGIN_PAGE, Got, Says, far, says
from tests.creatio.parts import LOOPBACK, Counted, connection

ALL = [
    "address",
    "connection",
    "token",
    "OData",
    "read cases",
    "read activities",
    "read contacts",
    "statuses",
    "case owner",
    "case group",
    "clock",
    "budget",
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with start(Plan()) as running:
        yield running


async def asked(
    known: Connection, *, now: datetime | None = None, used: int = 0, allowed: bool = True
) -> dict[str, Check]:
    counted = Counted()
    async with Outside(LOOPBACK if allowed else ()) as outside:
        found = checks(
            known,
            outside,
            _Used(used) if used else counted,
            now=lambda: now or datetime.now(UTC),
        )
        return {check.name: check async for check in found}


class _Used(Counted):
    def __init__(self, used: int) -> None:
        super().__init__()
        self._used = used

    def used_today(self) -> int:
        return self._used


def to(sandbox: Sandbox, **settings: object) -> Connection:
    chosen = replace(ConnectionSettings(), **settings)  # type: ignore[arg-type] # real fields
    return connection(sandbox.url, login="sandbox", secret=sandbox.key, settings=chosen)


async def test_all_is_well_with_a_good_connection(sandbox: Sandbox) -> None:
    found = await asked(to(sandbox, resolved_status=StatusId(STATUS_RESOLVED)))
    assert list(found) == ALL
    assert {check.mark for check in found.values()} == {Mark.OK}, found
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


async def test_where_nobody_listens_the_second_check_fails() -> None:
    async with far(lambda _: says()) as there:
        url = there.url
    assert list(await asked(connection(url))) == ["address", "connection"]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"owner": uuid4()}, "case owner"),
        ({"group": uuid4()}, "case group"),
        ({"reopen_status": StatusId(uuid4())}, "statuses"),
        ({"resolved_statuses": frozenset({StatusId(UUID(int=7))})}, "statuses"),
    ],
)
async def test_what_was_chosen_and_is_gone_is_named(
    sandbox: Sandbox, settings: dict[str, object], name: str
) -> None:
    found = await asked(to(sandbox, **settings))
    assert [check.name for check in found.values() if check.mark is not Mark.OK] == [name]
    assert found[name].remedy


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

    for first in (answers, lambda _: answer):
        async with far(first) as there:
            found = await asked(connection(there.url))
        assert "internal words" not in repr(found)
        assert any(check.mark is Mark.FAILED for check in found.values())
        assert all(check.remedy for check in found.values() if check.mark is Mark.FAILED), found
