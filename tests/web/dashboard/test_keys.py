"""Settings → API keys: a key is made, shown once, used and revoked."""

import re

from caseway.domain.roles import Role
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn


async def test_a_key_is_shown_once_and_does_what_its_scopes_say(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN, email="anna@example.com")
    form = {"name": "  Till   3 ", "scope": "read"}
    async with client.post("/settings/keys", data=form) as answer:
        text = await answer.text()
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    [key] = set(re.findall(r"cwk_[a-z0-9]{8}_[\w-]{43}", text))
    shown = {"Authorization": f"Bearer {key}"}
    async with house.client.get(house.base + "/api/v1/events", headers=shown) as answer:
        assert answer.status == 200
    url = house.base + "/api/v1/conversations"
    async with house.client.post(url, headers=shown, json={}) as answer:
        assert answer.status == 403

    async with client.get("/settings/keys") as answer:
        page = await answer.text()
    assert key not in page
    assert f"cwk_{key[4:12]}" in page
    assert "<bdi>Till 3</bdi>" in page
    assert "from 127.0.0.1" in page
    assert page.count("Read conversations, their messages, and the events") == 3  # the form too
    async with client.post("/settings/keys/revoke", data={"key": key[4:12]}) as answer:
        assert "refused from now on" in await answer.text()
    async with house.client.get(house.base + "/api/v1/events", headers=shown) as answer:
        assert answer.status == 401
    async with client.post("/settings/keys/revoke", data={"key": key[4:12]}) as answer:
        assert "somebody revoked it before you" in await answer.text()
    actors = await house.owner.fetch(
        "SELECT actor, action, source FROM audit_entry WHERE action LIKE 'key.%' AND actor <> 'cli'"
    )
    assert {tuple(row) for row in actors} == {
        ("anna@example.com", "key.made", "127.0.0.1"),
        ("anna@example.com", "key.revoked", "127.0.0.1"),
    }


async def test_what_is_wrong_stands_at_its_field(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    for form, said in (
        ({"scope": "read"}, "Say who will use it"),
        ({"name": "x" * 101, "scope": "read"}, "at most 100 characters"),
        ({"name": "Till"}, "Choose at least one thing"),
        ({"name": "Till", "scope": "everything"}, "Choose at least one thing"),
        ({"name": "tests", "scope": "read"}, "A key named tests is in use"),
    ):
        async with client.post("/settings/keys", data=form) as answer:
            assert answer.status == 422
            assert said in await answer.text()
    assert len(await house.parts.keys.list(house.tenant.organisation)) == 1
