"""Settings → Ticketing without JavaScript and with it: nothing is saved that was not tested, unless
somebody says so; no secret comes back.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import asyncpg
import pytest

from caseway.creatio.checks import names
from caseway.domain.connection import Connection, Opening, Returning
from caseway.domain.roles import Role
from caseway.domain.stock import ORIGIN_CHAT, STATUS_RESOLVED
from caseway.domain.words import Language
from caseway.store.connections import Connections
from caseway.store.directory import Directory
from caseway.web.dashboard.creatio.trial import TITLES
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.database import Database
from tests.web.conftest import House, eventually
from tests.web.dashboard.conftest import SignedIn

PAGE = "/settings/ticketing"
RECORD_END = "\x1e"
WHO_WAITS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with start(Plan()) as made:
        yield made


@pytest.fixture
def creatio(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    running.set_faults()


def typed(creatio: Sandbox, **changes: str) -> dict[str, str]:
    return {
        "connection": "",
        "name": "north",
        "url": creatio.url,
        "auth": "oauth",
        "client_id": creatio.address.client_id,
        "client_secret": creatio.address.client_secret,
        **changes,
    }


@pytest.fixture
async def listening(house: House, database: Database) -> AsyncIterator[Directory]:
    """The configuration as another process has it in memory."""
    link = await asyncpg.connect(database.dsn)
    try:
        directory = Directory(house.sync, house.secrets)
        await directory.listen(link)
        yield directory
    finally:
        await link.close()


async def saved(house: House, name: str) -> Connection | None:
    return await Connections(house.sync, house.secrets).named(house.tenant.organisation, name)


async def post(
    client: aiohttp.ClientSession, path: str, form: Any, **more: Any
) -> tuple[int, str, str]:
    async with client.post(path, data=form, allow_redirects=False, **more) as answer:
        return answer.status, await answer.text(), answer.headers.get("Location", "")


def shown(html: str, name: str) -> str:
    """The words of one check's row; empty: it is not there."""
    found = re.search(rf'<li[^>]*data-check="{name}".*?</li>', html, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])) if found else ""


def test_every_check_has_a_title() -> None:
    from tests.creatio.parts import connection

    plain, secure = connection("http://a.example"), connection("https://a.example")
    assert {*names(plain), *names(secure), "login"} == TITLES.keys()


async def test_a_connection_is_tested_saved_and_heard_of_at_once(
    house: House, signed_in: SignedIn, creatio: Sandbox, listening: Directory
) -> None:
    client = await signed_in(Role.ADMIN, email="mara@example.com")
    form = typed(
        creatio,
        url=f"{creatio.url}/0/Shell/#Section/Cases_ListPage",
        opening="handoff",
        returning="reopen",
        returning_hours="6",
        resolved_status=str(STATUS_RESOLVED),
        origin_widget=str(ORIGIN_CHAT),
        calls_a_day="",
        sweep_seconds="15",
        time_zone="lisbon",
        language="pt",
    )
    status, _, onward = await post(client, PAGE, form)
    assert (status, onward) == (303, f"{PAGE}?connection=north&done=saved")
    made = await saved(house, "north")
    assert made is not None
    settings = made.settings
    assert made.base_url == creatio.url
    assert made.secret.reveal() == creatio.address.client_secret
    assert (settings.opening, settings.returning) == (Opening.HANDOFF, Returning.REOPEN)
    assert settings.resolved_status == STATUS_RESOLVED
    assert settings.origins == {"widget": ORIGIN_CHAT}
    assert settings.calls_a_day is None
    assert settings.sweeping.interval is not None
    assert (settings.time_zone, settings.language) == ("Europe/Lisbon", Language.PORTUGUESE)

    assert (await listening.connection(made.key)).settings.opening is Opening.HANDOFF
    again = typed(creatio, connection="north", client_secret="", opening="conversation")
    assert (await post(client, PAGE, again))[0] == 303

    async def heard() -> bool:
        known = await listening.connection(made.key)
        return known.settings.opening is Opening.CONVERSATION

    await eventually(heard)
    after = await saved(house, "north")
    assert after is not None
    assert after.secret == made.secret, "an empty field keeps the stored one"
    kept = (after.settings.time_zone, after.settings.language)
    assert kept == ("Europe/Lisbon", "pt"), "what is not in the form stays"

    async with client.get(f"{PAGE}?connection=north&done=saved") as page:
        html = await page.text()
    assert "Saved, and it works" in html
    assert "7 statuses" in shown(html, "statuses")
    assert '<option value="pt" selected>Português</option>' in html
    assert creatio.address.client_secret not in html
    audited = await house.owner.fetch(
        "SELECT actor, action, before::text || after::text AS told FROM audit_entry"
        " WHERE action LIKE 'connection.%' ORDER BY at"
    )
    assert [(row["actor"], row["action"]) for row in audited] == [
        ("mara@example.com", "connection.added"),
        ("mara@example.com", "connection.changed"),
    ]
    assert creatio.address.client_secret not in str([row["told"] for row in audited])


async def test_what_fails_is_not_saved_unless_somebody_says_so_and_then_marked(
    house: House, signed_in: SignedIn, creatio: Sandbox
) -> None:
    client = await signed_in(Role.OWNER)
    wrong = typed(creatio, client_secret="a-wrong-secret")
    status, html, _ = await post(client, PAGE, wrong)
    assert status == 422
    assert "refused client id and secret" in shown(html, "token")
    assert "Paste the client id and a new secret" in shown(html, "token")
    assert "System designer → OAuth 2.0 integrated applications" in shown(html, "token")
    page_of_it = f'href="{creatio.url}/0/Nui/ViewModule.aspx#SectionModuleV2/OAuthClientAppSection"'
    assert f'{page_of_it} target="_blank" rel="noopener noreferrer"' in html
    assert "Nothing was saved" in html
    assert "a-wrong-secret" not in html
    assert await saved(house, "north") is None

    status, _, onward = await post(client, PAGE, wrong | {"deed": "anyway"})
    assert (status, onward) == (303, f"{PAGE}?connection=north&done=not-working")
    async with client.get(onward) as page:
        html = await page.text()
    assert re.search(r"Not working since <time [^>]*>\d\d:\d\d \w+</time>", html), (
        "a moment, not an age"
    )
    assert "Token: the identity service refused client id and secret" in html
    assert "Saved as not working" in html

    status, _, onward = await post(client, PAGE, typed(creatio, connection="north"))
    assert onward.endswith("done=saved")
    async with client.get(onward) as page:
        assert "Not working since" not in await page.text()


async def test_the_secret_goes_to_no_other_address_than_the_one_it_was_given_for(
    signed_in: SignedIn, creatio: Sandbox
) -> None:
    client = await signed_in(Role.OWNER)
    await post(client, PAGE, typed(creatio))
    moved = {"connection": "north", "client_secret": ""}
    for change in (
        {"url": "http://127.0.0.1:9"},
        {"identity_url": "http://127.0.0.1:9"},
    ):
        status, html, _ = await post(client, PAGE, typed(creatio, **moved, **change))
        assert status == 422
        assert "Enter it again for the new address" in html
    status, html, _ = await post(
        client, PAGE, typed(creatio, **moved, auth="forms", user="Supervisor")
    )
    assert (status, "Enter the password" in html) == (422, True)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", "acme", "Expected an address such as https://"),
        ("url", "", "A Creatio address begins with https://"),
        ("client_id", "", "Enter the client ID"),
        ("owner_id", "Clara Brandt", "An id of Creatio&#39;s is a GUID"),
        ("sweep_seconds", "often", "Expected a number from 1 to 3600"),
        ("name", "main", "There is a connection main already"),
        ("time_zone", "Lissabon", "Expected a time zone by its name, for example Europe/Lisbon"),
    ],
)
async def test_a_field_that_cannot_be_says_what_is_expected(
    signed_in: SignedIn, creatio: Sandbox, field: str, value: str, words: str
) -> None:
    client = await signed_in(Role.OWNER)
    for path in (PAGE, f"{PAGE}/look", f"{PAGE}/test"):
        status, html, _ = await post(client, path, typed(creatio, **{field: value}))
        assert status == (200 if path.endswith("look") else 422)
        assert words in html, path
        assert 'aria-invalid="true"' in html


async def test_zones_are_proposed_and_a_spelling_is_corrected(signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    async with client.get(f"{PAGE}?new") as page:
        html = await page.text()
    assert re.search(r'<input[^>]*value="UTC"[^>]*name="time_zone"[^>]*list="time-zones"', html)
    assert "<option>Europe/Lisbon</option>" in html
    changed = {"connection": "", "time_zone": "america/new york"}
    _, html, _ = await post(client, f"{PAGE}/look", changed)
    assert "Kept as America/New_York" in html
    assert 'value="America/New_York"' in html


async def test_a_script_gets_each_check_as_it_ends(
    house: House, signed_in: SignedIn, creatio: Sandbox
) -> None:
    client = await signed_in(Role.OWNER)
    creatio.set_faults(latency="50ms")
    pieces: list[tuple[float, str]] = []
    async with client.post(f"{PAGE}/test", data=typed(creatio)) as answer:
        rest = ""
        async for part in answer.content.iter_any():
            *whole, rest = (rest + part.decode()).split(RECORD_END)
            pieces += [(asyncio.get_running_loop().time(), one) for one in whole]
    rows = [(at, one) for at, one in pieces if "<li" in one]
    made = await saved(house, "north")
    assert made is not None
    assert len(rows) == len(names(made))
    assert rows[-1][0] - rows[0][0] > 0.2, "they came one after the other"
    assert "done=saved" in pieces[-1][1]
    assert "data-waits" in pieces[0][1]


async def test_of_two_who_change_it_at_once_the_later_one_is_told(
    house: House, signed_in: SignedIn, creatio: Sandbox
) -> None:
    client = await signed_in(Role.ADMIN)
    assert (await post(client, PAGE, typed(creatio)))[0] == 303
    async with client.get(f"{PAGE}?connection=north") as page:
        [version] = re.findall(r'name="version" value="(\d+)"', await page.text())
    opened = {"connection": "north", "client_secret": "", "version": version}
    assert (await post(client, PAGE, typed(creatio, **opened, calls_a_day="700")))[0] == 303
    late = typed(creatio, **opened, language="pt")
    status, html, _ = await post(client, PAGE, late)
    assert (status, "north was changed since you opened" in html) == (409, True)
    made = await saved(house, "north")
    assert made is not None
    assert (made.settings.calls_a_day, made.settings.language) == (700, Language.ENGLISH)

    # A rule is saved while the checks run.
    rule = replace(made.settings.reply_rule, internal_marker="[internal]")
    creatio.set_faults(latency="500ms")  # each of a dozen calls, until the rule is saved
    late = typed(creatio, **{**opened, "version": str(made.version)}, language="pt")
    async with client.post(f"{PAGE}/test", data=late) as answer:
        await answer.content.readuntil(RECORD_END.encode())
        await Connections(house.sync, house.secrets).change_reply_rule(made.key, rule)
        creatio.set_faults()
        assert "north was changed since you opened" in (await answer.content.read()).decode()
    after = await saved(house, "north")
    assert after is not None
    assert after.settings == replace(made.settings, reply_rule=rule)


async def test_a_store_that_goes_away_while_saving_leaves_no_word_about_it(
    house: House, signed_in: SignedIn, creatio: Sandbox
) -> None:
    """Whether it was saved is not known then: a page that is loaded again shows it."""
    client = await signed_in(Role.ADMIN)
    waiting: list[int] = []

    async def is_saving() -> bool:
        waiting[:] = [row["pid"] for row in await house.owner.fetch(WHO_WAITS)]
        return bool(waiting)

    async with house.owner.acquire() as link, link.transaction():
        await link.execute("LOCK TABLE connection IN SHARE MODE")  # it can be read meanwhile
        async with client.post(f"{PAGE}/test", data=typed(creatio)) as answer:
            [count] = re.findall(r'data-count="(\d+)"', await piece_of(answer))
            for _ in range(int(count)):
                assert "<li" in await piece_of(answer)
            await eventually(is_saving)
            for pid in waiting:
                await house.owner.execute("SELECT pg_terminate_backend($1)", pid)
            rest = (await answer.content.read()).decode()
    assert rest == ""


async def piece_of(answer: aiohttp.ClientResponse) -> str:
    return (await answer.content.readuntil(RECORD_END.encode())).decode()


async def test_one_check_is_asked_again_and_takes_its_place(
    signed_in: SignedIn, creatio: Sandbox
) -> None:
    client = await signed_in(Role.OWNER)
    known = typed(creatio, connection="north", client_secret="")
    await post(client, PAGE, typed(creatio))
    creatio.set_faults(errors=1.0)
    try:
        status, html, _ = await post(client, f"{PAGE}/check", known | {"only": "statuses"})
    finally:
        creatio.set_faults()
    assert status == 200
    assert "Failed:" in shown(html, "statuses")
    async with client.get(f"{PAGE}?connection=north") as page:
        html = await page.text()
    assert "Failed:" in shown(html, "statuses")
    assert "Passed:" in shown(html, "OData"), "the others stay as they were"
    status, html, _ = await post(client, PAGE, known | {"deed": "again:statuses"})
    assert "Passed:" in shown(html, "statuses")
    assert (await post(client, f"{PAGE}/check", known | {"only": "no such"}))[0] == 404


async def test_lists_are_read_from_creatio_and_an_id_will_do_without(
    signed_in: SignedIn, creatio: Sandbox
) -> None:
    client = await signed_in(Role.OWNER)
    async with client.get(f"{PAGE}?new") as page:
        html = await page.text()
    # A newcomer meets no field that asks for an id: Creatio's default stands there.
    owner = html.partition('id="w-owner"')[2].partition("</select>")[0]
    assert "Creatio&#39;s default</option>" in owner
    await post(client, PAGE, typed(creatio))
    async with client.get(f"{PAGE}?connection=north&lists=read") as page:
        html = await page.text()
    assert f'<option value="{STATUS_RESOLVED}">Resolved</option>' in html
    assert 'name="owner_id"' in html, "an id can be pasted all the same"

    creatio.set_faults(down_for="60s")
    try:
        async with client.get(f"{PAGE}?connection=north&lists=read") as page:
            html = await page.text()
    finally:
        creatio.set_faults()
    assert "Creatio&#39;s lists could not be read" in html or "lists could not be read" in html
    assert 'name="owner_id"' in html
    pasted = typed(creatio, name="south", owner_id=str(STATUS_RESOLVED), url="")
    _, html, _ = await post(client, PAGE, pasted)
    assert f'<option value="{STATUS_RESOLVED}" selected>{STATUS_RESOLVED}</option>' in html


async def test_the_steps_of_the_beginning_go_when_they_are_put_away(
    signed_in: SignedIn,
) -> None:
    client = await signed_in(Role.OWNER)
    async with client.get(PAGE) as page:
        html = await page.text()
    assert 'aria-label="Getting started"' in html
    assert re.search(r'aria-current="step".*?Connect Creatio', html, re.DOTALL)
    assert (await post(client, "/settings/getting-started/away", {}))[0] == 303
    async with client.get(PAGE) as page:
        assert 'aria-label="Getting started"' not in await page.text()


async def test_a_connection_of_another_organisation_is_not_there(
    house: House, signed_in: SignedIn, creatio: Sandbox
) -> None:
    theirs = await signed_in(Role.OWNER, tenant=house.other)
    await post(theirs, PAGE, typed(creatio, name="theirs"))
    ours = await signed_in(Role.OWNER)
    async with ours.get(f"{PAGE}?connection=theirs") as answer:
        assert answer.status == 404
    assert (await post(ours, PAGE, typed(creatio, connection="theirs")))[0] == 404
