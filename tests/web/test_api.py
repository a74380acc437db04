"""The API: a channel that anybody can join, apart for each organisation."""

import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from caseway.domain.scopes import Scope
from caseway.store.transactions import transaction
from tests.web.conftest import House


async def call(
    house: House, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    shown = house.tenant.bearer | {name.replace("_", "-"): text for name, text in headers.items()}
    url = f"{house.base}/api/v1{path}"
    async with house.client.request(method, url, json=body, headers=shown) as answer:
        return answer.status, await answer.json(content_type=None)


def first(text: str = "Hello", message_id: str = "", **contact: str) -> dict[str, Any]:
    return {
        "channel": "api",
        "contact": contact,
        "message": {"text": text, "external_id": message_id},
    }


async def test_a_contact_writes_and_the_conversation_is_shown(house: House) -> None:
    body = first(name="Ines", email="Ines@Example.com", phone="+49 30 901820")
    status, made = await call(house, "POST", "/conversations", body)

    assert status == 201
    assert made["state"] == "waiting"
    assert made["channel"] == {"id": str(house.tenant.api), "name": "api"}
    assert made["contact"] == {
        "name": "Ines",
        "email": "Ines@Example.com",
        "phone": "+4930901820",
    }
    assert made["case"] is None
    assert await call(house, "GET", f"/conversations/{made['id']}") == (200, made)

    await house.owner.execute("UPDATE conversation SET agreed = 'open', case_number = 'SR00000001'")
    _, shown = await call(house, "GET", f"/conversations/{made['id']}")
    case = await house.case_of(made["id"])
    assert shown["case"] == {
        "id": str(case),
        "number": "SR00000001",
        "url": "https://acme.creatio.com/0/Nui/ViewModule.aspx#CardModuleV2/CasePage/edit/"
        + str(case),
    }
    await house.owner.execute("UPDATE connection SET platform = 'detect', found_platform = 'core'")
    _, shown = await call(house, "GET", f"/conversations/{made['id']}")
    assert shown["case"]["url"].startswith("https://acme.creatio.com/Nui/ViewModule.aspx#")
    status, told = await call(house, "PUT", f"/conversations/{made['id']}")
    assert (status, told["detail"]) == (405, "This address takes GET.")


@pytest.mark.parametrize("trouble", ["disk_full", "read_only_sql_transaction"])
async def test_a_database_that_cannot_write_is_no_bug_of_ours_and_the_repeat_is_kept(
    house: House, trouble: str
) -> None:
    await house.owner.execute(
        "CREATE FUNCTION no_write() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE 'no space left' USING ERRCODE = '{trouble}'; END $$;"
        "CREATE TRIGGER no_write BEFORE INSERT ON message "
        "FOR EACH ROW EXECUTE FUNCTION no_write()"
    )
    url, body = f"{house.base}/api/v1/conversations", first(message_id="m-1", email="a@example.com")
    async with house.client.post(url, json=body, headers=house.tenant.bearer) as answer:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1
    await house.owner.execute("DROP TRIGGER no_write ON message")
    assert (await call(house, "POST", "/conversations", body))[0] == 201


async def test_the_same_contact_joins_and_nobody_is_somebody_new(house: House) -> None:
    same = [
        ({"external_id": "k-1", "email": "a@example.com"}, {"external_id": "k-1"}),
        ({"email": "b@example.com"}, {"email": "B@example.com", "phone": "+4930901820"}),
        ({"phone": "+1 650-253-0000"}, {"phone": "+16502530000"}),
    ]
    for one, other in same:
        status, made = await call(house, "POST", "/conversations", first(**one))
        assert status == 201
        again, joined = await call(house, "POST", "/conversations", first("More", **other))
        assert (again, joined["id"]) == (200, made["id"])
    nobody = [await call(house, "POST", "/conversations", first(name="X")) for _ in range(2)]
    assert [status for status, _ in nobody] == [201, 201]
    assert nobody[0][1]["id"] != nobody[1][1]["id"]


async def test_a_repeated_external_id_makes_nothing_new(house: House) -> None:
    _, made = await call(house, "POST", "/conversations", first("1", "m-1", email="a@example.com"))
    status, again = await call(
        house, "POST", "/conversations", first("1", "m-1", email="a@example.com")
    )
    assert (status, again["id"]) == (200, made["id"])

    path = f"/conversations/{made['id']}/messages"
    status, second = await call(house, "POST", path, {"text": "2", "external_id": "m-2"})
    assert status == 201
    assert await call(house, "POST", path, {"text": "2", "external_id": "m-2"}) == (200, second)
    _, listed = await call(house, "GET", path)
    assert [message["text"] for message in listed["items"]] == ["1", "2"]
    assert listed["next"] is None


async def test_messages_come_in_pages_with_what_became_of_them(house: House) -> None:
    made = await house.begin()
    path = f"/conversations/{made['id']}/messages"
    for number in range(4):
        body = {"text": f"n{number}", "author": "ai"}
        assert (await call(house, "POST", path, body))[0] == 201
    texts: list[str] = []
    cursor = ""
    while True:
        _, page = await call(house, "GET", f"{path}?limit=2&cursor={cursor}")
        texts += [message["text"] for message in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert texts == ["Hello", "n0", "n1", "n2", "n3"]

    await house.owner.execute("UPDATE link SET linked_at = now()")
    await house.owner.execute(
        "INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author,"
        " author_name, text, position, written_at) SELECT organisation_id, $1, id, channel_id,"
        " peer, 'agent', 'Clara', 'On it', 99, now() FROM conversation",
        reply := uuid4(),
    )
    await house.owner.execute(
        "INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id,"
        " address, state, order_on, order_id, not_before, attempts, possible_double)"
        " SELECT organisation_id, $1, id, channel_id, $2, address, 'unknown', now(), $2, now(), 2,"
        " true FROM conversation",
        uuid4(),
        reply,
    )
    _, page = await call(house, "GET", path)
    assert page["items"][0]["activity_id"] is not None
    assert page["items"][0]["delivery"] is None
    assert page["items"][-1]["author_name"] == "Clara"
    assert page["items"][-1]["delivery"] == {
        "state": "unknown",
        "attempts": 2,
        "possible_double": True,
    }


async def test_hand_off_and_resolution(house: House) -> None:
    made = await house.begin()
    path = f"/conversations/{made['id']}"
    assert (await call(house, "POST", f"{path}/hand-off", {"note": "Wants a person"}))[0] == 200
    status, resolved = await call(house, "POST", f"{path}/resolve")
    assert (status, resolved["state"]) == (200, "resolved")
    status, again = await call(house, "POST", f"{path}/resolve")
    assert (status, again["state"]) == (200, "resolved")
    status, problem = await call(house, "POST", f"{path}/hand-off")
    assert (status, problem["title"]) == (409, "Conflict")

    _, listed = await call(house, "GET", f"{path}/messages")
    assert [message["text"] for message in listed["items"]] == [
        "Hello",
        "Wants a person",
        "This conversation was resolved.",
    ]
    status, following = await call(house, "POST", f"{path}/messages", {"text": "One more thing"})
    assert status == 201
    assert following["conversation_id"] != made["id"]


async def test_after_the_end_only_the_contact_begins_anew(house: House) -> None:
    await house.owner.execute(
        "UPDATE channel SET settings = settings || '{\"starts_as_ai\": true}' WHERE name = 'api'"
    )
    made = await house.begin()
    assert made["state"] == "ai"
    path = f"/conversations/{made['id']}"
    await call(house, "POST", f"{path}/resolve")
    late = {"text": "Anything else?", "author": "ai"}
    status, told = await call(house, "POST", f"{path}/messages", late)
    assert (status, told["title"]) == (409, "Conflict")
    status, said = await call(house, "POST", f"{path}/messages", {"text": "Yes"})
    assert status == 201
    assert said["conversation_id"] != made["id"]
    _, following = await call(house, "GET", f"/conversations/{said['conversation_id']}")
    assert following["state"] == "ai"


async def test_an_idempotency_key_has_one_effect_and_one_answer(house: House) -> None:
    body = first("Hello", name="Nobody in particular")
    one = await call(house, "POST", "/conversations", body, Idempotency_Key="k-1")
    assert one[0] == 201
    assert await call(house, "POST", "/conversations", body, Idempotency_Key="k-1") == one
    other = first("Other")
    status, problem = await call(house, "POST", "/conversations", other, Idempotency_Key="k-1")
    assert (status, problem["title"]) == (422, "Unprocessable Entity")

    path = f"/conversations/{one[1]['id']}"
    deeds: list[tuple[str, dict[str, str]]] = [
        ("messages", {"text": "More"}),
        ("hand-off", {"note": "Why"}),
        ("hand-off", {}),
    ]
    for key, (deed, sent) in enumerate(deeds):
        answers = [
            await call(house, "POST", f"{path}/{deed}", sent, Idempotency_Key=f"k-of-{key}")
            for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] in {200, 201}
    kept = await house.owner.fetch("SELECT text FROM message ORDER BY position")
    assert [row["text"] for row in kept] == ["Hello", "More", "Why", ""]
    assert await house.owner.fetchval("SELECT count(*) FROM conversation") == 1


async def test_a_crash_between_effect_and_answer_doubles_nothing(house: House) -> None:
    """As the rows stand when the process dies before the answer was kept under the key."""
    body = first("Hello")
    _, made = await call(house, "POST", "/conversations", body, Idempotency_Key="k-1")
    path = f"/conversations/{made['id']}"
    await call(house, "POST", f"{path}/messages", {"text": "More"}, Idempotency_Key="k-2")
    await call(house, "POST", f"{path}/hand-off", {"note": "Why"}, Idempotency_Key="k-3")
    await house.owner.execute("UPDATE idempotency SET status = 0, answer = '', kept_at = now()")

    status, problem = await call(house, "POST", "/conversations", body, Idempotency_Key="k-1")
    assert (status, problem["title"]) == (409, "Conflict")  # it may still be at work

    await house.owner.execute("UPDATE idempotency SET kept_at = kept_at - interval '11 s'")
    status, again = await call(house, "POST", "/conversations", body, Idempotency_Key="k-1")
    assert (status, again["id"]) == (200, made["id"])
    await call(house, "POST", f"{path}/messages", {"text": "More"}, Idempotency_Key="k-2")
    await call(house, "POST", f"{path}/hand-off", {"note": "Why"}, Idempotency_Key="k-3")
    assert await house.owner.fetchval("SELECT count(*) FROM message") == 3
    assert await house.owner.fetchval("SELECT count(*) FROM conversation") == 1


async def test_a_refused_request_leaves_its_key_free(house: House) -> None:
    nowhere = f"/conversations/{uuid4()}/messages"
    refused = await call(house, "POST", nowhere, {"text": "x"}, Idempotency_Key="k")
    assert refused[0] == 404
    made = await house.begin()
    path = f"/conversations/{made['id']}/messages"
    assert (await call(house, "POST", path, {"text": "x"}, Idempotency_Key="k"))[0] == 201


async def test_events_are_listed_and_filtered(house: House) -> None:
    made = await house.begin()
    case = str(await house.case_of(made["id"]))
    bodies = [
        {"event_type": "new_activity", "caseId": case},
        {"event_type": "case_closed", "caseId": case},
        {"event_type": "new_activity", "caseId": str(uuid4())},
        {"event_type": "nonsense"},
    ]
    for body in bodies:
        await house.notify(json.dumps(body).encode())

    async def listed(query: str) -> list[str]:
        status, page = await call(house, "GET", f"/events{query}")
        assert status == 200
        return [f"{event['type']} {event['outcome']}" for event in page["items"]]

    everything = [
        " rejected",
        "new_activity ignored",
        "case_closed accepted",
        "new_activity accepted",
    ]
    assert await listed("") == everything
    assert await listed("?type=case_closed") == everything[2:3]
    assert await listed("?outcome=rejected") == everything[:1]
    assert await listed(f"?conversation={made['id']}&type=new_activity") == everything[3:]
    assert await listed(f"?case={case}") == everything[2:]
    assert await listed("?found_by=sweep") == []
    assert await listed("?since=2001-01-01T00:00:00Z&until=2002-01-01T00:00:00%2B02:00") == []
    _, page = await call(house, "GET", "/events?limit=3")
    assert await listed(f"?limit=3&cursor={page['next']}") == everything[3:]


async def test_what_is_wrong_is_said_by_field(house: House) -> None:
    made = await house.begin()
    path = f"/conversations/{made['id']}/messages"
    wrong = [
        (path, {"text": "a\x00b"}, "text"),
        (path, {"text": "  "}, "text"),
        (path, {"text": "x" * 32_001}, "text"),
        (path, {}, "text"),
        (path, {"text": "x", "author": "agent"}, "author"),
        (path, {"text": "x", "more": 1}, "more"),
        ("/conversations", first(email="no address"), "contact.email"),
        ("/conversations", first(external_id="", name="x\x00"), "contact.name"),
    ]
    for where, body, field in wrong:
        status, problem = await call(house, "POST", where, body)
        assert (status, problem["title"]) == (400, "Bad Request")
        assert field in problem["detail"]
    assert (await call(house, "POST", path, {"text": "x" * 32_000}))[0] == 201
    status, problem = await call(house, "GET", "/events?cursor=bm9uZQ")
    assert (status, problem["title"]) == (400, "Bad Request")
    async with house.client.post(
        house.base + "/api/v1/conversations",
        data=b" " * 600_000,
        headers=house.tenant.bearer,
    ) as answer:
        assert answer.status == 413


async def test_without_a_right_key_there_is_nothing(house: House) -> None:
    key = house.tenant.key
    wrong = key[:-4] + ("aaaa" if key[-4:] != "aaaa" else "bbbb")
    for shown in (None, "Basic abc", "Bearer", f"Bearer {wrong}", f"Bearer {house.tenant.token}"):
        headers = {"Authorization": shown} if shown else {}
        async with house.client.get(house.base + "/api/v1/events", headers=headers) as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.content_type == "application/problem+json"
    await house.owner.execute("UPDATE api_key SET revoked_at = now()")
    assert (await call(house, "GET", "/events"))[0] == 401


async def test_a_key_does_what_its_scopes_say(house: House) -> None:
    made = await house.begin()
    keys = house.parts.keys
    shown = {
        scope: await keys.create(house.tenant.organisation, scope, frozenset({scope}), actor="x")
        for scope in Scope
    }
    async with house.client.get(house.base + "/api/v1/openapi.json") as answer:
        described = await answer.json()
    asked = [
        (method, path, operation["security"])
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(asked) == 7
    for method, path, security in asked:
        needs = Scope.READ if method == "get" else Scope.WRITE
        assert security == [{"API key": [needs]}]
        lacks = Scope.WRITE if needs is Scope.READ else Scope.READ
        url = house.base + path.replace("{id}", made["id"])
        headers = {"Authorization": f"Bearer {shown[lacks].reveal()}"}
        body = None if method == "get" else {"text": "x"}
        async with house.client.request(method, url, headers=headers, json=body) as answer:
            told = await answer.json(content_type=None)
            assert (answer.status, answer.content_type) == (403, "application/problem+json")
            assert f"lacks the scope {needs} " in told["detail"]
            assert f"caseway key create NAME --scope {needs}" in told["detail"]
    read = {"Authorization": f"Bearer {shown[Scope.READ].reveal()}"}
    url = f"{house.base}/api/v1/conversations/{made['id']}"
    async with house.client.get(url, headers=read) as answer:
        assert (await answer.json())["state"] == "waiting"
    write = {"Authorization": f"Bearer {shown[Scope.WRITE].reveal()}"}
    async with house.client.post(f"{url}/messages", headers=write, json={"text": "2"}) as answer:
        assert answer.status == 201
    listed = {key.name: key for key in await keys.list(house.tenant.organisation)}
    assert listed["read"].scopes == {Scope.READ}
    assert listed["read"].last_used_from == "127.0.0.1"


async def test_another_organisations_ids_are_nothing(house: House) -> None:
    made = await house.begin()
    stranger = {"Authorization": f"Bearer {house.other.key}"}
    path = f"{house.base}/api/v1/conversations/{made['id']}"
    asked = [
        ("GET", path, None),
        ("GET", f"{path}/messages", None),
        ("POST", f"{path}/messages", {"text": "x"}),
        ("POST", f"{path}/hand-off", {}),
        ("POST", f"{path}/resolve", None),
        (
            "POST",
            f"{house.base}/api/v1/conversations",
            first() | {"channel": str(house.tenant.api)},
        ),
    ]
    for method, url, body in asked:
        async with house.client.request(method, url, json=body, headers=stranger) as answer:
            assert answer.status == 404, url
    events = f"{house.base}/api/v1/events?conversation={made['id']}"
    async with house.client.get(events, headers=stranger) as answer:
        assert (await answer.json())["items"] == []


async def test_a_query_without_its_organisation_sees_only_its_own(
    house: House, web_pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    """The policies hold where a query forgets its condition."""
    await house.begin()
    await house.notify(b"{}")
    for table in ("conversation", "message", "contact", "peer", "link", "webhook_event", "channel"):
        query = f"SELECT count(*) FROM {table}"
        async with transaction(web_pool, house.tenant.organisation) as link:
            own = await link.fetchval(query)
        async with transaction(web_pool, house.other.organisation) as link:
            foreign = await link.fetchval(query)
        everything = await house.owner.fetchval(query)
        assert own > 0
        assert own + foreign == everything
        assert foreign == (2 if table == "channel" else 0)
        assert await web_pool.fetchval(query) == 0


async def test_the_description_and_its_page_need_nothing_from_elsewhere(house: House) -> None:
    async with house.client.get(house.base + "/api/v1/openapi.json") as answer:
        described = await answer.json()
    assert sorted(described["paths"]) == [
        "/api/v1/conversations",
        "/api/v1/conversations/{id}",
        "/api/v1/conversations/{id}/hand-off",
        "/api/v1/conversations/{id}/messages",
        "/api/v1/conversations/{id}/resolve",
        "/api/v1/events",
    ]
    async with house.client.get(house.base + "/api/v1/docs") as answer:
        text = await answer.text()
    assert answer.status == 200
    assert "A contact writes" in text
    assert "http://" not in text.replace("http://json-schema", "")
    assert "https://" not in text
