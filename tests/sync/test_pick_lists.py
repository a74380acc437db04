"""A list of Creatio's is read once, whichever pages show it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from caseway.domain.connection import Auth, Connection, ConnectionSettings, Platform
from caseway.domain.ids import ConnectionId, OrganisationId
from caseway.domain.secret import Secret
from caseway.ports import Pick
from caseway.sync.pick_lists import FRESH, RememberedLists
from tests.far_side import FarCreatio

RULE = (Pick.TYPE, Pick.OWNER)
CASES = (Pick.OWNER, Pick.GROUP, Pick.STATUS)
NORTH = Connection(
    organisation=OrganisationId(UUID(int=1)),
    id=ConnectionId(UUID(int=2)),
    name="north",
    base_url="http://127.0.0.1:1",
    identity_url="",
    platform=Platform.FRAMEWORK,
    auth=Auth.OAUTH,
    login="client",
    secret=Secret("secret"),
    settings=ConnectionSettings(),
    version=1,
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def creatio() -> FarCreatio:
    return FarCreatio()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lists(creatio: FarCreatio, clock: Clock) -> RememberedLists:
    return RememberedLists(lambda _connection: creatio, clock)


async def test_what_one_page_has_read_another_does_not_ask_for(
    lists: RememberedLists, creatio: FarCreatio, clock: Clock
) -> None:
    assert lists.known(NORTH, CASES).read_at is None
    assert creatio.calls == []
    began = clock.now
    assert [one.name for one in (await lists.of(NORTH, RULE)).picks[Pick.OWNER]] == ["Clara Brandt"]
    assert len(creatio.calls) == len(RULE)
    clock.now += timedelta(minutes=1)
    found = await lists.of(NORTH, CASES)
    assert len(creatio.calls) == len({*RULE, *CASES})
    assert found.read_at == began, "the oldest of them counts"
    assert lists.known(NORTH, CASES) == found
    clock.now += FRESH
    assert lists.known(NORTH, RULE).read_at is None
    await lists.of(NORTH, RULE)
    assert len(creatio.calls) == len({*RULE, *CASES}) + len(RULE)


async def test_other_settings_and_a_persons_word_read_them_anew(
    lists: RememberedLists, creatio: FarCreatio, clock: Clock
) -> None:
    await lists.of(NORTH, RULE)
    clock.now += timedelta(minutes=1)
    assert (await lists.anew(NORTH, RULE)).read_at == clock.now
    assert len(creatio.calls) == 2 * len(RULE)
    assert lists.known(replace(NORTH, version=2), RULE).read_at is None


async def test_while_creatio_is_away_what_was_read_stands_there(
    lists: RememberedLists, creatio: FarCreatio, clock: Clock
) -> None:
    before = await lists.of(NORTH, RULE)
    clock.now += FRESH * 2
    creatio.fate = lambda _kind: "down"
    away = await lists.of(NORTH, RULE)
    assert (away.picks, away.read_at, away.trouble) == (before.picks, None, True)
    creatio.fate = lambda _kind: "ok"
    again = await lists.of(NORTH, RULE)
    assert (again.read_at, again.trouble) == (clock.now, False)
