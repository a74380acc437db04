"""The team, one's own account, and what the audit log says of both."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import aiohttp
import pytest

from caseway.domain.roles import Role
from caseway.ports import AuditEntry
from caseway.web.dashboard import audit
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn, browser, make_user
from tests.web.dashboard.test_entrance import EMAIL, PASSWORD, attempt, create_owner, where

TEAM = "/settings/team"
ACCOUNT = "/settings/account"


async def post(client: aiohttp.ClientSession, path: str, **form: str) -> tuple[int, str]:
    """The status, and where it leads or what it says."""
    async with client.post(path, data=form, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def read(client: aiohttp.ClientSession, path: str) -> str:
    async with client.get(path) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def log_of(house: House, kind: str) -> list[tuple[str, str, str]]:
    rows = await house.owner.fetch(
        "SELECT actor, action, subject FROM audit_entry WHERE action ~ $1 ORDER BY at, id",
        f"^{kind}\\.",
    )
    return [tuple(row) for row in rows]


async def test_an_owner_invites_somebody_who_then_signs_in_with_that_role(
    house: House, signed_in: SignedIn
) -> None:
    owner = await signed_in(Role.OWNER, email="owner@example.com")
    status, page = await post(
        owner, f"{TEAM}/invitations", email=" Ines@Example.com", role="viewer"
    )
    assert status == 200
    [link] = set(re.findall(r"http://127\.0\.0\.1(/welcome/cwi_[\w-]+)", page))
    assert "ines@example.com joins as viewer by this link." in page
    assert link not in await read(owner, TEAM), "it is shown once"
    assert "ines@example.com" in await read(owner, TEAM)
    async with browser(house) as ines:
        evil = {"email": "evil@example.com", "name": "Ines", "password": PASSWORD}
        assert await post(ines, link, **evil) == (303, "/inbox")
        assert "Viewer" in await read(ines, ACCOUNT)
        [seen] = [
            one.last_seen_at
            for one in await house.parts.people.users.list(house.tenant.organisation)
            if one.email == "ines@example.com"
        ]
        assert seen is not None
        assert (await post(ines, f"{TEAM}/invitations", email="x@example.com"))[0] == 403
    status, page = await post(owner, f"{TEAM}/invitations", email="ines@example.com", role="agent")
    assert (status, "Somebody signs in with ines@example.com already." in page) == (422, True)
    status, page = await post(owner, f"{TEAM}/invitations", email="nobody", role="agent")
    assert (status, "for example ines@example.com" in page) == (422, True)


async def test_an_admin_makes_nobody_who_may_do_more_than_they(
    house: House, signed_in: SignedIn
) -> None:
    admin = await signed_in(Role.ADMIN, email="admin@example.com")
    owner = await signed_in(Role.OWNER)
    await post(owner, f"{TEAM}/invitations", email="boss@example.com", role="owner")
    [theirs] = await house.parts.people.invitations.list(house.tenant.organisation)
    for role, status in (("agent", 200), ("viewer", 200), ("admin", 403), ("owner", 403)):
        form = {"email": f"{role}@example.com", "role": role}
        assert (await post(admin, f"{TEAM}/invitations", **form))[0] == status, role
    assert (await post(admin, f"{TEAM}/invitations/{theirs.id}/revoke"))[0] == 403
    assert (await post(owner, f"{TEAM}/invitations/{theirs.id}/revoke"))[0] == 303
    assert (await post(owner, f"{TEAM}/invitations/{theirs.id}/revoke"))[0] == 404
    refused = await log_of(house, "door")
    assert [one[2] for one in refused] == [
        "door:POST /settings/team/invitations",
        "door:POST /settings/team/invitations",
        f"door:POST /settings/team/invitations/{theirs.id}/revoke",
    ]
    page = await read(admin, TEAM)
    assert "Disable" not in page
    assert 'name="role" value="viewer"' in page
    assert 'value="owner"' not in page


async def test_a_new_role_holds_at_once_and_the_last_owner_stays_one(
    house: House, signed_in: SignedIn
) -> None:
    owner = await signed_in(Role.OWNER, email="owner@example.com")
    agent = await signed_in(Role.AGENT, email="agent@example.com")
    ids = {
        one.email: one.id for one in await house.parts.people.users.list(house.tenant.organisation)
    }
    mine, theirs = f"{TEAM}/{ids['owner@example.com']}", f"{TEAM}/{ids['agent@example.com']}"
    for path, form in ((f"{mine}/role", {"role": "admin"}), (f"{mine}/disable", {})):
        status, page = await post(owner, path, **form)
        assert (status, "is the last owner" in page) == (422, True)
    assert await where(agent) == "/inbox"
    assert await post(owner, f"{theirs}/role", role="owner") == (303, f"{TEAM}?done=role")
    assert await where(agent) == "/login", "they sign in again"
    assert (await post(owner, f"{theirs}/role", role="king"))[0] == 422
    assert await post(owner, f"{mine}/role", role="viewer") == (303, f"{TEAM}?done=role")
    assert await where(owner) == "/login"
    assert await log_of(house, "user") == [
        ("owner@example.com", "user.role_changed", "user:agent@example.com"),
        ("owner@example.com", "user.role_changed", "user:owner@example.com"),
    ]


async def test_who_is_disabled_is_out_at_once_and_their_link_too(
    house: House, signed_in: SignedIn
) -> None:
    owner = await signed_in(Role.OWNER)
    async with browser(house) as maria:
        await create_owner_beside(house, maria)
        user = next(
            one
            for one in await house.parts.people.users.list(house.tenant.organisation)
            if one.email == EMAIL
        )
        _, page = await post(owner, f"{TEAM}/{user.id}/reset")
        [link] = set(re.findall(r"/welcome/cwi_[\w-]+", page))
        assert await post(owner, f"{TEAM}/{user.id}/end-sessions") == (303, f"{TEAM}?done=ended")
        assert await where(maria) == "/login"
        assert (await attempt(maria, EMAIL, PASSWORD))[0] == 303
        assert (await post(owner, f"{TEAM}/{user.id}/disable"))[0] == 303
        assert await where(maria) == "/login"
        status, told = await attempt(maria, EMAIL, PASSWORD)
        assert (status, "do not belong together" in told) == (422, True)
        assert (await post(maria, link, password="another green bicycle"))[0] == 410
        assert (await post(owner, f"{TEAM}/{user.id}/reset"))[0] == 409
        assert "Disabled" in await read(owner, TEAM)
        assert (await post(owner, f"{TEAM}/{user.id}/enable"))[0] == 303
        assert (await attempt(maria, EMAIL, PASSWORD))[0] == 303
        assert await where(maria) == "/inbox"
        await house.owner.execute(
            "UPDATE user_account SET disabled_at = now() WHERE id = $1", user.id
        )
        assert await where(maria) == "/login", "whatever sessions there are"


async def create_owner_beside(house: House, client: aiohttp.ClientSession) -> None:
    """Another owner, with a password: the first ones' link works while there is none only."""
    await house.owner.execute("UPDATE user_account SET role = 'admin'")
    await create_owner(house, client)
    await house.owner.execute("UPDATE user_account SET role = 'owner'")
    await house.owner.execute("UPDATE user_account SET role = 'agent' WHERE email = $1", EMAIL)


async def test_one_sees_ones_sign_ins_and_revokes_them(house: House, signed_in: SignedIn) -> None:
    people, organisation = house.parts.people, house.tenant.organisation
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    async with (
        browser(house, headers={"User-Agent": firefox}) as here,
        browser(house, headers={"User-Agent": "curl/8.1"}) as there,
        browser(house) as elsewhere,
    ):
        await create_owner(house, here)
        await attempt(there, EMAIL, PASSWORD)
        await attempt(elsewhere, EMAIL, PASSWORD)
        page = await read(here, ACCOUNT)
        assert "Firefox on Linux" in page
        assert "curl" in page
        assert page.count("This one</span>") == 1
        [user] = await people.users.list(organisation)
        curl = next(
            one for one in await people.sessions.of(organisation, user.id) if "curl" in one.agent
        )
        stranger = await signed_in(Role.OWNER)
        assert (await post(stranger, f"{ACCOUNT}/sessions/{curl.id}/end"))[0] == 404
        end = f"{ACCOUNT}/sessions/{curl.id}/end"
        assert await post(here, end) == (303, f"{ACCOUNT}?done=ended")
        assert (await post(here, end))[0] == 404
        assert await where(there) == "/login"
        assert await where(elsewhere) == "/inbox"
        assert (await post(here, f"{ACCOUNT}/sessions/end-others"))[0] == 303
        assert [await where(each) for each in (here, elsewhere)] == ["/inbox", "/login"]


async def test_a_new_password_needs_the_old_one_and_ends_the_other_sign_ins(
    house: House,
) -> None:
    new = "eight blue bicycles"
    async with browser(house) as here, browser(house) as there:
        await create_owner(house, here)
        await attempt(there, EMAIL, PASSWORD)
        [before] = [one.value for one in here.cookie_jar]
        path = f"{ACCOUNT}/password"
        status, page = await post(here, path, current="wrong", password=new)
        assert (status, "This is not your password." in page) == (422, True)
        status, page = await post(here, path, current=PASSWORD, password="Maria Lindqvist 1")
        assert (status, "leave them out" in page) == (422, True)
        assert await where(there) == "/inbox"
        assert await post(here, path, current=PASSWORD, password=new) == (
            303,
            f"{ACCOUNT}?done=password",
        )
        assert [await where(each) for each in (here, there)] == ["/inbox", "/login"]
        [after] = [one.value for one in here.cookie_jar]
        assert before != after
        assert (await attempt(there, EMAIL, PASSWORD))[0] == 422
        assert (await attempt(there, EMAIL, new))[0] == 303
        for _ in range(5):
            await post(here, path, current="wrong", password=new)
        assert (await post(here, path, current=new, password=PASSWORD))[0] == 429


async def test_the_theme_is_kept_for_the_person_in_every_browser(
    signed_in: SignedIn,
) -> None:
    client = await signed_in(Role.VIEWER)
    assert 'data-theme="system"' in await read(client, ACCOUNT)
    headers = {"Accept": "*/*"}
    async with client.post(f"{ACCOUNT}/theme", data={"theme": "dark"}, headers=headers) as answer:
        assert answer.status == 204
    assert 'data-theme="dark"' in await read(client, ACCOUNT)
    assert (await post(client, f"{ACCOUNT}/theme", theme="plaid"))[0] == 422


async def test_the_audit_log_shows_what_was_before_and_after_and_pages_without_gaps(
    house: House, signed_in: SignedIn
) -> None:
    owner = await signed_in(Role.OWNER, email="owner@example.com")
    user, _ = await make_user(house, Role.AGENT, email="ines@example.com")
    await post(owner, f"{TEAM}/{user}/role", role="viewer")
    page = await read(owner, "/settings/audit")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "owner@example.com Changed a role ines@example.com role agent → viewer 127.0.0.1" in text
    await house.owner.execute(
        "INSERT INTO audit_entry (organisation_id, id, at, actor, action, subject)"
        " SELECT $1, gen_random_uuid(), now() - interval '1 day' * (n / 3), 'x', 'thing.made',"
        " 'thing:n' || n FROM generate_series(1, 120) n",
        house.tenant.organisation,
    )
    seen: list[str] = []
    path, pages = "/settings/audit", 0
    while path:
        page = await read(owner, path)
        seen += re.findall(r">(n\d+)<", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path, pages = older[1] if older else "", pages + 1
    assert pages == 3
    assert sorted(seen) == sorted(f"n{number}" for number in range(1, 121))
    async with owner.get("/settings/audit?before=nonsense") as answer:
        assert answer.status == 400


def test_differences_name_the_fields_that_differ() -> None:
    found = audit.differences(
        '{"role":"agent","same":1,"settings":{"origins":["a","b"],"on":true}}',
        '{"role":"viewer","same":1,"settings":{"origins":["a"],"on":false,"new":3}}',
    )
    assert [(one.field, one.before, one.after) for one in found] == [
        ("role", "agent", "viewer"),
        ("origins", "a, b", "a"),
        ("on", "yes", "no"),
        ("new", "", "3"),
    ]
    assert audit.differences("", "") == []


@pytest.mark.parametrize(
    ("subject", "after", "shown"),
    [
        ("user:ines@example.com", "", "ines@example.com"),
        ("user:mara@example.com", "", ""),
        ("session:x4k2p9qd", "", ""),
        (f"channel:{UUID(int=7)}", '{"name":"shop"}', "shop"),
        (f"channel:{UUID(int=7)}", '{"paused":true}', "000000"),
    ],
)
def test_a_line_names_what_it_is_about(subject: str, after: str, shown: str) -> None:
    now = datetime.now(tz=UTC)
    actor, action = "mara@example.com", "thing.changed"
    entry = AuditEntry(uuid4(), now, actor, action, subject, "", "", after)
    assert audit.line_of(entry).subject == shown
    assert audit.line_of(entry).what == "Thing changed"


def test_a_change_that_leaves_the_name_is_named_too() -> None:
    before, after = '{"name":"north","base_url":"a"}', '{"name":"north","base_url":"b"}'
    subject = f"connection:{UUID(int=7)}"
    entry = AuditEntry(
        uuid4(), datetime.now(tz=UTC), "mara", "connection.changed", subject, "", before, after
    )
    line = audit.line_of(entry)
    assert (line.subject, [one.field for one in line.differences]) == ("north", ["base_url"])
    entry = replace(entry, subject=f"conversation:{UUID(int=7)}", before='"human"', after='"ai"')
    line = audit.line_of(entry)
    assert (line.subject, [one.after for one in line.differences]) == ("000000", ["ai"])


@pytest.mark.parametrize("deed", ["role", "disable", "enable", "end-sessions", "reset"])
async def test_another_organisations_person_is_not_found(
    house: House, signed_in: SignedIn, deed: str
) -> None:
    owner = await signed_in(Role.OWNER)
    stranger = await signed_in(Role.AGENT, tenant=house.other, email="stranger@example.com")
    [theirs] = await house.parts.people.users.list(house.other.organisation)
    for user in (theirs.id, uuid4()):
        assert (await post(owner, f"{TEAM}/{user}/{deed}", role="viewer"))[0] == 404
    assert await where(stranger) == "/inbox"
    assert "stranger@example.com" not in await read(owner, TEAM)
