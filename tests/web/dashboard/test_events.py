"""Events: what Creatio sent us, what came of it, and what a person does about it."""

import asyncio
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
import pytest

from caseway.domain.ids import EventId
from caseway.domain.roles import Role
from caseway.web.dashboard.events import export
from tests.events import keep
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn


async def page(client: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with client.get(path) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return text


def words(html: str) -> str:
    """What a person reads."""
    main = html.partition("<main")[2].partition("</main>")[0]
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", main, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def listed(html: str) -> list[UUID]:
    return [UUID(each) for each in re.findall(r'<tr data-row id="e-([0-9a-f-]{36})"', html)]


async def add(house: House, *, ago: timedelta = timedelta(minutes=1), **more: Any) -> EventId:
    tenant = house.tenant
    return await keep(
        house.owner, tenant.organisation, tenant.connection, at=datetime.now(tz=UTC) - ago, **more
    )


async def test_the_list_says_what_came_of_each_event_and_is_filtered_and_paged_by_address(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    assert "Nothing has arrived. Set up the webhook" in await page(client, "/events")
    made = await house.begin()
    case = await house.case_of(made["id"])
    await house.owner.execute("UPDATE conversation SET case_number = 'SR00000042'")
    for body in (
        {"event_type": "new_activity", "caseId": str(case)},
        {"event_type": "new_activity", "caseId": str(uuid4())},
        {"event_type": "new_activity", "caseId": "[#Case.Id#]"},
    ):
        await house.notify(json.dumps(body).encode())
    accepted, ignored, rejected = [row["id"] for row in await house.events()]
    html = await page(client, "/events")
    assert listed(html) == [rejected, ignored, accepted]
    said = words(html)
    assert "The case is not one of ours. Not an error." in said
    assert "the process parameter is not linked" in said
    assert "Kept; its conversation is looked at next." in said
    assert "Accepted 1" in said
    assert "Rejected 1" in said
    assert "SR00000042" in said
    assert "the last new_activity could not be read" in said
    await add(house, ago=timedelta(0))
    assert "could not be read" not in words(await page(client, "/events")), "mended since"
    await house.owner.execute(
        "DELETE FROM webhook_event WHERE conversation_id IS NULL AND outcome = 'accepted'"
    )

    conversation = f"conversation={made['id']}"
    for query, found in {
        "outcome=rejected": [rejected],
        "outcome=accepted": [accepted],
        "type=new_activity": [rejected, ignored, accepted],
        "by=sweep": [],
        conversation: [accepted],
        f"case={case}": [accepted],
        "span=6h&outcome=ignored": [ignored],
        "until=2001-01-01T00:00:00Z": [],
    }.items():
        assert listed(await page(client, f"/events?{query}")) == found, query
    async with client.get("/events?q=SR00000042") as answer:
        assert answer.url.query_string == conversation
    async with client.get(f"/events?q={ignored}") as answer:
        assert answer.url.path == f"/events/{ignored}"
    for text in (str(case), str(case).upper().replace("-", "")):
        async with client.get(f"/events?q={text}") as answer:
            assert answer.url.query["case"] == str(case)
    assert "No conversation has a case with the number SR9" in await page(client, "/events?q=SR9")
    for wrong in ("outcome=x", "case=x", "since=x", "span=x", "before=x", "by=x", "type=<b>"):
        assert "<b>" not in await page(client, f"/events?{wrong}", 400)

    for _ in range(60):
        await add(house, ago=timedelta(hours=1))
    first = await page(client, "/events")
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = await page(client, older[1].replace("&amp;", "&"))
    assert len(listed(first)) == 50
    assert len(listed(second)) == 13
    assert not set(listed(first)) & set(listed(second))


async def test_one_event_shows_its_body_as_it_came_and_runs_nothing_of_it(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.OWNER)
    name = house.tenant.token.split("_")[1]
    script = await add(
        house, outcome="rejected", token_name=name, body=b"<script>alert(1)</script>"
    )
    html = await page(client, f"/events/{script}")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert f"{name} , current, made" in words(html)
    assert "Nothing to replay: it names no case." in words(html)
    binary = await add(house, outcome="rejected", body=b"\x00\xff{")
    assert "in hexadecimal" in words(await page(client, f"/events/{binary}"))
    assert "00 ff 7b" in words(await page(client, f"/events/{binary}"))
    shown = await page(client, f"/events?outcome=rejected&show={script}")
    assert "&lt;script&gt;alert(1)" in shown
    assert f'<tr data-row id="e-{script}" class="sel">' in shown
    await house.owner.execute("UPDATE webhook_token SET expires_at = now() + interval '1 h'")
    assert "previous, still valid" in words(await page(client, f"/events/{script}"))
    await page(client, f"/events/{uuid4()}", 404)
    other = await signed_in(Role.OWNER, tenant=house.other)
    await page(other, f"/events/{script}", 404)
    await page(other, f"/events?show={script}", 404)
    assert listed(await page(other, "/events")) == []


async def test_a_wrong_token_is_one_grey_line_that_names_the_remedy(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.VIEWER)
    name = house.tenant.token.split("_")[1]
    wrong = house.tenant.token[:-4] + "0000"
    for _ in range(3):
        async with house.client.post(house.webhook(wrong), data=b"{}") as answer:
            assert answer.status == 401
    async with house.client.post(house.webhook("nonsense"), data=b"{}") as answer:
        assert answer.status == 401

    async def told() -> str:
        return words(await page(client, "/events"))

    from tests.web.conftest import eventually

    async def counted() -> bool:
        return "3 calls today (UTC)" in await told()

    await eventually(counted)
    said = await told()
    assert f"token named {name}" in said
    assert "from 127.0.0.1" in said
    assert "put the current one into its web service" in said
    assert listed(await page(client, "/events")) == []


def its_order(html: str) -> list[tuple[str, str]]:
    """The id that the form carries, of the order that is made by it."""
    [id_] = re.findall(r'name="order" value="([\w-]{36})"', html)
    return [("order", id_)]


async def sent_again(client: aiohttp.ClientSession, path: str, form: list[tuple[str, str]]) -> str:
    async with client.post(path, data=aiohttp.FormData(form)) as answer:
        assert "This form was sent before" in words(await answer.text())
        return answer.url.path


async def test_a_replay_is_weighed_ordered_followed_and_stopped(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN, email="mara@example.com")
    made = await house.begin()
    case = await house.case_of(made["id"])
    ours = [
        await add(house, conversation=UUID(made["id"]), case=case, ago=timedelta(hours=n))
        for n in (1, 2)
    ]
    stray = await add(house, outcome="ignored", case=uuid4())
    html = await page(client, f"/events/replay?pick={ours[0]}&pick={ours[1]}&pick={stray}")
    said = words(html)
    dry = "3 events, 1 conversation, 1 look, about 2 calls, 0 to 2 messages to customers"
    assert dry in said
    assert "1 of these events names no conversation of ours" in said
    assert await house.owner.fetchval("SELECT count(*) FROM replay_order") == 0
    whole = words(await page(client, "/events/replay?outcome=accepted"))
    assert "2 events, 1 conversation, 1 look" in whole

    form = [("pick", str(each)) for each in (*ours, stray)] + its_order(html)
    async with client.post("/events/replay", data=aiohttp.FormData(form)) as answer:
        order = answer.url.path
        said = words(await answer.text())
    assert "0 of 1 conversation looked at" in said
    assert "sent before" not in said
    assert "A replay is under way" in words(await page(client, "/events"))
    await house.owner.execute("UPDATE replay_order SET resting = ARRAY(SELECT id FROM connection)")
    waits = words(await page(client, order))
    assert re.search(r"1 conversation of \S+ waits until", waits), waits
    assert "calls is kept for replies and sweeps." in waits
    assert "The others go on" not in waits, "there is no other"
    one = its_order(await page(client, f"/events/{ours[0]}"))
    async with client.post(f"/events/{ours[0]}/replay", data=one) as answer:
        newer = answer.url.path.rpartition("/")[2]
    # The second press of a double click, and a form that was sent once more.
    again = await asyncio.gather(
        *(sent_again(client, f"/events/{ours[0]}/replay", one) for _ in range(3)),
        sent_again(client, "/events/replay", form),
    )
    assert again == [f"/events/replays/{newer}"] * 3 + [order]
    await house.owner.execute(
        "UPDATE replay_order SET state = 'done', ended_at = now() WHERE id = $1", newer
    )
    assert order in await page(client, "/events"), "what waits for tomorrow can be found"
    async with client.post(f"{order}/stop") as answer:
        stopped = words(await answer.text())
    assert "Stopped" in stopped
    assert "the other 1 was left alone" in stopped
    audit = await house.owner.fetch(
        "SELECT actor, action FROM audit_entry WHERE action LIKE 'replay.%' ORDER BY at"
    )
    assert [tuple(row) for row in audit] == [
        ("mara@example.com", "replay.ordered"),
        ("mara@example.com", "replay.ordered"),
        ("mara@example.com", "replay.stopped"),
    ]
    async with client.post(f"/events/{stray}/replay") as answer:
        assert "Nothing was ordered" in words(await answer.text())
    async with client.post(f"/events/{ours[0]}/replay") as answer:
        assert answer.url.path.startswith("/events/replays/")
    for path, status in ((f"/events/replays/{uuid4()}", 404), ("/events/replay?pick=x", 400)):
        await page(client, path, status)
    other = await signed_in(Role.OWNER, tenant=house.other)
    await page(other, order, 404)
    async with other.post(f"{order}/stop") as answer:
        assert answer.status == 404
    assert "0 events" in words(await page(other, f"/events/replay?pick={ours[0]}"))


async def test_an_export_is_whole_guarded_against_formulas_and_goes_on_where_it_broke_off(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 7)
    client = await signed_in(Role.OWNER)
    formula = await add(
        house, ago=timedelta(hours=2), reason="=cmd|'/C calc'!A0", body=b"+1,\n-2", source="@x"
    )
    odd = await add(house, ago=timedelta(hours=1), outcome="rejected", body=b"\xff\x00")
    many = [await add(house) for _ in range(20)]

    async def rows(query: str = "") -> list[dict[str, str]]:
        async with client.get(f"/events/export.csv?{query}") as answer:
            assert answer.status == 200
            assert "attachment" in answer.headers["Content-Disposition"]
            text = await answer.text()
        head = "" if text.startswith("id,") else ",".join(export.COLUMNS) + "\r\n"
        return list(csv.DictReader(io.StringIO(head + text, newline="")))

    whole = await rows()
    assert [row["id"] for row in whole] == [str(each) for each in (*many[::-1], odd, formula)]
    last = whole[-1]
    assert (last["reason"], last["body"], last["source"]) == (
        "'=cmd|'/C calc'!A0",
        "'+1,\n-2",
        "'@x",
    )
    assert (whole[-2]["body"], whole[-2]["body_encoding"]) == ("ff00", "hex")
    assert await rows("outcome=rejected") == [whole[-2]]
    assert await rows(f"after={whole[9]['id']}") == whole[10:], "goes on behind the last whole one"

    async with client.get("/events/export.jsonl") as answer:
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in whole]
    assert lines[-1]["reason"] == "=cmd|'/C calc'!A0", "a formula is one in spreadsheets alone"
    await page(client, f"/events/export.csv?after={uuid4()}", 404)
    viewer = await signed_in(Role.VIEWER)
    await page(viewer, "/events/export.csv", 403)
    assert "JSON lines" not in await page(viewer, "/events")


async def test_what_is_exported_and_replayed_is_what_the_list_shows(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.OWNER)
    made = await house.begin()
    kept = await add(house, conversation=UUID(made["id"]))

    async def exported(query: str) -> list[str]:
        async with client.get(f"/events/export.jsonl?{query}") as answer:
            return [json.loads(line)["id"] for line in (await answer.text()).splitlines()]

    async with client.get("/events?q=SR9") as answer:
        query = answer.url.query_string
    assert (listed(await page(client, f"/events?{query}")), await exported(query)) == ([], [])
    assert "0 events, 0 conversations" in words(await page(client, f"/events/replay?{query}"))
    await house.owner.execute("UPDATE conversation SET case_number = 'SR9'")
    assert listed(await page(client, f"/events?{query}")) == [kept]
    assert await exported(query) == [str(kept)]

    replay = f'action="/events/{kept}/replay"'
    assert replay in await page(client, f"/events/{kept}")
    await house.owner.execute("UPDATE conversation SET parked_at = now(), parked_reason = 'gone'")
    html = await page(client, f"/events/{kept}")
    assert replay not in html
    assert "A replay does not reach this conversation, since its sync has stopped" in words(html)

    await house.owner.execute(
        """INSERT INTO webhook_event (organisation_id, id, connection_id, received_at, event_type,
                                      outcome, token_name, source, body)
           SELECT organisation_id, gen_random_uuid(), id, now() - interval '1 day', 'new_activity',
                  'accepted', '', '', ''
             FROM connection, generate_series(1, 10000) WHERE id = $1""",
        house.tenant.connection,
    )
    assert "No event matches so far." in words(await page(client, "/events?type=case_closed"))
    await house.owner.execute("DELETE FROM webhook_event WHERE conversation_id IS NULL")
    assert "No event matches. Show" in words(await page(client, "/events?type=case_closed"))

    span = "since=2026-03-03T12:00:00Z&until=2026-03-03T13:00:00Z"
    html = await page(client, f"/events?{span}")
    filters = html.partition('aria-label="Filters"')[2].partition("</form>")[0]
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', filters))
    sent["span"] = re.findall(r'<option value="(\w+)" selected>', filters)[-1]
    html = await page(client, f"/events?{urlencode(sent)}&type=new_activity")
    assert "From 3 Mar 2026, 12:00 UTC" in words(html), "a type leaves the chosen span"
    html = await page(client, f"/events?{urlencode(sent | {'span': '24h'})}")
    assert "From 3 Mar 2026" not in words(html)
    assert listed(html) == [kept]


async def test_an_event_claims_nothing_that_was_not_so(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.ADMIN)
    letters = '{"event_type":  "' + "ж" * 40_000
    async with house.client.post(house.webhook(), data=letters.encode()) as answer:
        assert answer.status == 413
    body = {"event_type": "new_activity", "caseId": str(uuid4())}
    async with house.client.post(
        house.webhook(), json=body, headers={"Caseway-Test": "1"}
    ) as answer:
        assert answer.status == 200
    large, test = [row["id"] for row in await house.events()]
    said = words(await page(client, f"/events/{large}"))
    assert "400" not in said
    assert "The first 4,096 bytes of the body" in said
    assert "жжж" in said, "the cut fell into a letter"
    said = words(await page(client, f"/events/{test}"))
    assert "Sent by Caseway to its own address" in said
    assert "Sent by us as a test" in said
    assert "asking" not in said
    assert body["caseId"] in said, "its body"
    assert listed(await page(client, "/events?by=test")) == [test]
    async with house.client.get(
        f"{house.base}/api/v1/events?found_by=test", headers=house.tenant.bearer
    ) as answer:
        assert [one["found_by"] for one in (await answer.json())["items"]] == ["test"]

    said = words(await page(client, "/events"))
    assert "Until it can be read, replies come by the sweep, up to" in said
    await house.owner.execute(
        "UPDATE connection SET settings = jsonb_set(settings, '{sweeping}', '{\"enabled\": false}')"
    )
    house.parts.directory.forget()  # type: ignore[attr-defined] # nobody listens in a test
    said = words(await page(client, "/events"))
    assert "Until it can be read, no reply comes, since the sweep is off" in said


async def test_the_stream_tells_of_a_new_event(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.VIEWER)
    first = await add(house)
    async with client.get("/live/events") as stream:
        assert f"data: {first}" in (await stream.content.readuntil(b"\n\n")).decode()
        second = await add(house, ago=timedelta(0))
        assert f"data: {second}" in (await stream.content.readuntil(b"\n\n")).decode()
    async with client.get(f"/live/events/{second}") as stream:
        assert b"event: changed" in await stream.content.readuntil(b"\n\n")
