"""Creatio's webhook: every documented answer, and every call with a right token kept as a row."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from caseway.domain.ids import ConnectionKey
from caseway.store.tokens import AT_ONCE, Tokens
from tests.web.conftest import House, eventually


def body(kind: Any = "new_activity", case: Any = None, **more: Any) -> bytes:
    return json.dumps({"event_type": kind, "caseId": str(case or uuid4())} | more).encode()


async def one_event(house: House) -> Any:
    events = await house.events()
    assert len(events) == 1
    return events[0]


async def test_a_reply_on_our_case_is_accepted_kept_and_looked_at(house: House) -> None:
    made = await house.begin()
    case = await house.case_of(made["id"])
    await house.owner.execute("UPDATE conversation SET due_at = NULL")

    sent = body("new_activity", case)
    status, told = await house.notify(sent)

    assert (status, told["status"]) == (200, "accepted")
    event = await one_event(house)
    assert str(event["id"]) == told["event_id"]
    assert (event["outcome"], event["body"], event["case_id"]) == ("accepted", sent, case)
    assert str(event["conversation_id"]) == made["id"]
    assert event["source"] == "127.0.0.1"
    assert await house.owner.fetchval("SELECT due_at FROM conversation") is not None


async def test_a_case_of_somebody_else_is_ignored_and_says_so(house: House) -> None:
    status, told = await house.notify(body("case_closed"))

    assert (status, told["status"]) == (200, "ignored")
    assert told["reason"] == "The case is not one of ours. Not an error."
    event = await one_event(house)
    assert (event["outcome"], event["reason"]) == ("ignored", told["reason"])


CALLS_FOR_NOTHING = [
    (body("case_updated", UUID(int=7)), "case_updated is acknowledged without action."),
    (b'{"event_type": "new_activity", "caseId": ""}', "caseId is empty"),
    (b'{"event_type": "new_activity", "caseId": "  "}', "caseId is empty"),
    (
        b'{"event_type": "case_closed", "caseId": "00000000-0000-0000-0000-000000000000"}',
        "caseId is empty",
    ),
]


async def test_what_calls_for_nothing_is_ignored_with_its_reason(house: House) -> None:
    for sent, reason in CALLS_FOR_NOTHING:
        status, told = await house.notify(sent)
        assert (status, told["status"]) == (200, "ignored")
        assert reason in told["reason"]
        assert (await house.events())[-1]["reason"] == told["reason"]


CASE = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
PLAIN = '{"event_type": "new_activity", "caseId": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}'


SPELLINGS = [
    PLAIN.encode(),
    b"\xef\xbb\xbf" + PLAIN.encode(),
    json.dumps(PLAIN).encode(),
    b"\xef\xbb\xbf" + json.dumps("\ufeff" + PLAIN).encode(),
    PLAIN.upper().replace("EVENT_TYPE", "event_type").replace("CASEID", "caseId").encode(),
    PLAIN.replace('"new', '"  New').replace('ity"', 'ITY\\n"').encode(),
    PLAIN.replace('"6f', '" {6f').replace('ff"}', 'ff} "}').encode(),
    PLAIN.replace("6f9619ff-8b86-d011-b42d-", "6F9619FF8B86D011B42D").encode(),
    PLAIN.replace('"6f', '"(6f').replace('ff"}', 'ff)"}').encode(),
    PLAIN.replace("}", ', "more": {"a": [1, null]}}').encode(),
]


async def test_usual_spellings_are_understood(house: House) -> None:
    for sent in SPELLINGS:
        for content_type in (None, "text/plain", "application/xml; charset=x"):
            headers = {"Content-Type": content_type} if content_type else {}
            async with house.client.post(
                house.webhook(), data=sent, headers=headers, skip_auto_headers=["Content-Type"]
            ) as answer:
                assert answer.status == 200, (sent, await answer.text())
    understood = {(event["event_type"], event["case_id"]) for event in await house.events()}
    assert understood == {("new_activity", CASE)}


MALFORMED = [
    (b"", "The body is empty"),
    (b"nonsense", "The body is not JSON"),
    (b'{"event_type": "new_activity"', "The body is not JSON"),
    (b"\xff\xfe\x00", "The body is not JSON"),
    (b"[]", "The body is JSON, but not an object"),
    (b'"text"', "but not an object"),
    (b"null", "but not an object"),
    (b"[" * 60_000, "not an object"),
    (b'{"a":' + b"[" * 60_000, "nested too deeply"),
    (b"{}", "event_type is absent"),
    (b'{"event_type": 1, "caseId": ""}', "event_type is a number"),
    (b'{"event_type": null}', "event_type is null"),
    (b'{"event_type": " "}', "event_type is empty"),
    (b'{"event_type": "other"}', "event_type is 'other': expected new_activity"),
    (b'{"event_type": "\\u0000"}', "event_type is '\\x00'"),
    (b'{"event_type": "new_activity"}', "caseId is absent"),
    (b'{"event_type": "new_activity", "caseId": null}', "caseId is null"),
    (b'{"event_type": "new_activity", "caseId": ["x"]}', "caseId is an array"),
    (b'{"event_type": "new_activity", "caseId": "12"}', "caseId is '12'"),
    (
        b'{"event_type": "new_activity", "caseId": "+f9619ff-8b86-d011-b42d-00c04fc964ff"}',
        "expected the case's GUID",
    ),
    (
        b'{"event_type": "new_activity", "caseId": "[#Case.Id#]"}',
        "the process parameter is not linked",
    ),
    (b'{"event_type": "[#Type#]", "caseId": "x"}', "the process parameter is not linked"),
]


async def test_what_is_malformed_is_refused_in_words_and_kept(house: House) -> None:
    for sent, detail in MALFORMED:
        async with house.client.post(house.webhook(), data=sent) as answer:
            told = await answer.json(content_type="application/problem+json")
        assert (answer.status, told["title"], told["status"]) == (400, "Bad Request", 400)
        assert detail in told["detail"]
        event = (await house.events())[-1]
        assert (event["outcome"], event["reason"]) == ("rejected", told["detail"])
        assert event["body"] == sent[:4096]


async def test_a_body_over_the_limit_is_refused_while_it_streams(house: House) -> None:
    for size, chunked in ((64 * 1024 + 1, False), (200_000, True), (64 * 1024, False)):

        async def parts(size: int = size) -> Any:
            for _ in range(size // 10_000):
                yield b" " * 10_000

        sent: Any = parts() if chunked else b" " * size
        async with house.client.post(house.webhook(), data=sent) as answer:
            assert answer.status == (400 if size == 64 * 1024 else 413)
    outcomes = [(event["outcome"], len(event["body"])) for event in await house.events()]
    assert outcomes == [("rejected", 4096)] * 3


async def test_strangers_are_refused_and_counted_by_public_name(house: House) -> None:
    token = house.tenant.token
    wrong = token[:-4] + ("aaaa" if token[-4:] != "aaaa" else "bbbb")
    unknown = "cw_zzzzzzzz_" + "a" * 43
    for shown in (wrong, unknown, "cw_short", "x/y", token + "a", house.tenant.key):
        async with house.client.post(house.webhook(shown), data=body()) as answer:
            told = await answer.json(content_type="application/problem+json")
        assert (answer.status, told["title"]) == (401, "Unauthorized")
        assert told["detail"] == "Invalid token"
        assert "Settings → Integrations → Creatio" in told["remedy"]
    assert await house.events() == []

    async def counted() -> bool:
        rows = await house.owner.fetch("SELECT * FROM refusal_count")
        found = {row["public_name"]: row["refusals"] for row in rows}
        return found == {token[3:11]: 1, "zzzzzzzz": 1, "": 4}

    await eventually(counted)


async def test_the_token_may_come_as_a_bearer(house: House) -> None:
    url = house.base + "/backend/creatio/webhook"
    for shown, expected in ((house.tenant.token, 200), ("wrong", 401), ("", 401)):
        headers = {"Authorization": f"Bearer {shown}"}
        async with house.client.post(url, data=body(), headers=headers) as answer:
            assert answer.status == expected
    async with house.client.post(url, data=body()) as answer:
        assert answer.status == 401


async def test_revoked_and_expired_tokens_are_strangers(house: House) -> None:
    key = ConnectionKey(house.tenant.organisation, house.tenant.connection)
    assert (await house.notify(body()))[0] == 200
    await Tokens(house.sync, house.secrets).rotate(key, grace=AT_ONCE)

    # Even while the directory still remembers it: the commit itself judges.
    status, told = await house.notify(body())

    assert (status, told["detail"]) == (401, "Invalid token")
    assert len(await house.events()) == 1


async def test_an_old_token_works_for_its_grace_period(house: House) -> None:
    key = ConnectionKey(house.tenant.organisation, house.tenant.connection)
    new = await Tokens(house.sync, house.secrets).rotate(key, grace=timedelta(hours=1))

    assert (await house.notify(body()))[0] == 200
    async with house.client.post(house.webhook(new.reveal()), data=body()) as answer:
        assert answer.status == 200


async def test_other_methods_are_told_to_post(house: House) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        async with house.client.request(method, house.webhook("anything")) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")
            assert (await answer.json(content_type="application/problem+json"))["status"] == 405


async def test_a_browser_reads_what_the_address_is_for(house: House) -> None:
    headers = {"Accept": "text/html,application/xhtml+xml"}
    async with house.client.get(house.webhook(), headers=headers) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert "This is where Creatio calls Caseway" in await answer.text()


async def test_a_limit_set_by_an_administrator_holds(house: House) -> None:
    await house.owner.execute(
        "UPDATE connection SET settings = '{\"webhooks_a_minute\": 2}' WHERE id = $1",
        house.tenant.connection,
    )
    answers = [(await house.notify(body()))[0] for _ in range(3)]
    assert answers == [200, 200, 429]
    async with house.client.post(house.webhook(), data=body()) as answer:
        assert 1 <= int(answer.headers["Retry-After"]) <= 60


async def test_a_store_that_is_gone_is_503_and_never_200(house: House) -> None:
    assert (await house.notify(body()))[0] == 200
    await house.owner.execute("ALTER TABLE webhook_event RENAME TO gone")

    async with house.client.post(house.webhook(), data=body()) as answer:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1


async def test_a_body_that_never_comes_is_cut_off(house: House) -> None:
    address = urlsplit(house.base)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"POST /backend/creatio/webhook/{house.tenant.token} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{".encode()
    )
    async with asyncio.timeout(30):  # three times what it is given
        told = await reader.read()
    writer.close()
    assert b" 408 " in told.split(b"\r\n")[0]
    assert (await one_event(house))["outcome"] == "rejected"


async def test_calls_are_counted_for_the_operator(house: House) -> None:
    await house.notify(body())
    async with house.client.get(house.base + "/metrics") as answer:
        assert 'caseway_webhook_calls_total{outcome="ignored"} 1.0' in await answer.text()
