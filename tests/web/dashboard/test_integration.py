"""Settings → Integrations → Creatio: the URL and who may see it, what arrives by which URL, and a
test event that proves no more than it can.
"""

import json
import re
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from caseway.domain.guide import NEW_REPLY_TITLE
from caseway.domain.roles import Role
from tests.web.conftest import House, eventually
from tests.web.dashboard.conftest import SignedIn

PAGE = "/settings/integrations/creatio"


async def read(client: aiohttp.ClientSession, query: str = "") -> str:
    async with client.get(f"{PAGE}?connection=main{query}") as answer:
        assert answer.status == 200
        return await answer.text()


async def post(client: aiohttp.ClientSession, path: str, **form: str) -> tuple[int, str]:
    data = {"connection": "main", **form}
    async with client.post(f"{PAGE}/{path}", data=data) as answer:
        return answer.status, await answer.text()


def event(kind: str, case: str = "") -> bytes:
    return json.dumps({"event_type": kind, "caseId": case or str(uuid4())}).encode()


def light(html: str, kind: str) -> tuple[str, str]:
    """Whether it is lit, and its words."""
    found = re.search(rf'<li id="light-{kind}" class="(\w+)">(.*?)</li>', html, re.DOTALL)
    assert found
    return found[1], re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[2]))


def url_in(html: str) -> str:
    found = re.search(r'data-copy="([^"]+/backend/creatio/webhook/[^"]+)"', html)
    assert found
    return found[1]


async def until_lit(client: aiohttp.ClientSession, kind: str, words: str = "") -> str:
    """Until that light says so: arrivals are counted once a second, not all at the same time."""
    html = ""

    async def lit() -> bool:
        nonlocal html
        html = await read(client)
        state, said = light(html, kind)
        return state == "lit" and words in said

    await eventually(lit)
    return html


async def test_a_light_turns_green_with_its_first_arrival_and_waits_on_a_new_url(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    html = await read(client)
    assert {light(html, kind)[0] for kind in ("new_activity", "case_closed")} == {"waiting"}
    await house.notify(event("new_activity"))
    await house.notify(event("new_activity"))
    html = await until_lit(client, "new_activity", ", 2 since.")
    assert light(html, "case_closed")[0] == "waiting"
    assert "every 2 min, since webhooks work" in html

    old = url_in(html)
    status, html = await post(client, "regenerate", grace="day")
    assert (status, "There is a new URL" in html) == (200, True)
    assert url_in(html) != old
    assert "None on the new URL yet" in light(html, "new_activity")[1]
    assert "The previous URL is still accepted" in html
    assert "Creatio last used it" in html
    assert (await house.notify(event("new_activity")))[0] == 200, "by the old one"

    house.tenant.token = url_in(html).rpartition("/")[2]
    await house.notify(event("new_activity"))
    await until_lit(client, "new_activity", "4 since")


async def test_the_old_url_ends_now_or_by_hand(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER, email="mara@example.com")
    first = house.tenant.token
    await post(client, "regenerate", grace="now")
    assert (await house.notify(event("new_activity")))[0] == 401

    second = url_in(await read(client)).rpartition("/")[2]
    _, html = await post(client, "regenerate", grace="day")
    house.tenant.token = second
    assert (await house.notify(event("new_activity")))[0] == 200
    name = second.split("_")[1]
    _, html = await post(client, "revoke", token=name)
    assert "The previous URL is revoked" in html
    assert (await house.notify(event("new_activity")))[0] == 401
    assert (await post(client, "revoke", token=name))[0] == 200, "twice is as once"
    assert "The previous URL is still accepted" not in html
    told = await house.owner.fetch(
        "SELECT actor, action, before::text || after::text AS told FROM audit_entry"
        " WHERE action LIKE 'token.%' ORDER BY at"
    )
    assert {row["action"] for row in told if row["actor"] == "mara@example.com"} == {
        "token.made",
        "token.replaced",
        "token.revoked",
    }
    assert not [row for row in told if first in str(row["told"]) or second in str(row["told"])]


async def test_a_wrong_token_is_one_line_with_its_remedy(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    right = house.tenant.token
    await post(client, "regenerate", grace="now")
    for _ in range(3):
        assert (await house.notify(event("new_activity")))[0] == 401

    async def counted() -> bool:
        return "3 calls with a wrong token" in await read(client)

    await eventually(counted)
    html = await read(client)
    line = html[html.index('id="wrong-token"') :].split("</div></div>")[0]
    assert right.split("_")[1] in line
    assert "an earlier URL that has ended" in line
    assert "Copy the URL into Creatio" in line
    assert html.count("with a wrong token") == 1


async def test_calls_that_bring_no_case_or_no_sense_say_so(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.OWNER)
    await house.notify(event("new_activity", "00000000-0000-0000-0000-000000000000"))
    await house.notify(event("case_closed", "[#Case.Id#]"))
    html = await until_lit(client, "new_activity")
    assert "Without its case" in light(html, "new_activity")[1]
    assert "link the caseId parameter" in light(html, "new_activity")[1]
    assert light(html, "case_closed")[0] == "waiting", "what nobody could read lights nothing"

    async def is_told() -> bool:
        return "1 call could not be read" in await read(client)

    await eventually(is_told)


async def test_a_test_event_comes_back_and_lights_nothing(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    status, html = await post(client, "test")
    assert status == 200
    assert "The test event came back" in html
    found = re.search(r'href="/events/([0-9a-f-]{36})"', html)
    assert found
    (kept,) = await house.events()
    assert (kept["id"], kept["found_by"]) == (UUID(found[1]), "test")
    assert "only the lights show" in html
    assert light(await read(client), "new_activity")[0] == "waiting"
    assert "Not used yet" in await read(client)


async def test_the_guide_has_this_connections_values_in_both_forms(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    usual, short = await read(client), await read(client, "&guide=short")
    for html in (usual, short):
        assert f'data-copy="{NEW_REPLY_TITLE}"' in html
        assert url_in(html).endswith(house.tenant.token)
        assert html.count(house.tenant.token) == html.count(f"{house.tenant.token}<") + html.count(
            f'{house.tenant.token}"'
        ), "shown or copied, never in an address"
    assert "Read data" in usual
    assert "[#Case.Id#]" in short
    assert "is reached from this network alone" in usual


async def test_without_a_connection_the_page_leads_to_the_form(
    house: House, signed_in: SignedIn
) -> None:
    await house.owner.execute(
        "UPDATE connection SET removed_at = now() WHERE organisation_id = $1",
        house.tenant.organisation,
    )
    client = await signed_in(Role.OWNER)
    async with client.get(PAGE) as answer:
        html = await answer.text()
    assert 'href="/settings/ticketing">Connect Creatio</a>' in html


async def test_the_stream_tells_of_each_arrival(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    tokens: list[Any] = []
    async with client.get("/live/creatio?connection=main") as stream:
        async for line in stream.content:
            if line.startswith(b"data:"):
                tokens.append(line)
                if len(tokens) == 1:
                    await house.notify(event("new_activity"))
                if len(tokens) == 2:
                    break
    assert tokens[0] != tokens[1]


async def test_nobody_of_another_organisation_replaces_the_url(
    house: House, signed_in: SignedIn
) -> None:
    theirs = await signed_in(Role.OWNER, tenant=house.other)
    name = house.tenant.token.split("_")[1]
    await post(theirs, "revoke", token=name)
    await post(theirs, "regenerate", grace="now")
    assert (await house.notify(event("new_activity")))[0] == 200
