"""The widget's server: sessions, messages, the stream, what it refuses and how."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from joserfc import jwt
from joserfc.jwk import OctKey

from caseway.domain.ids import ConversationKey
from caseway.store.channels import Channels
from tests.web.conftest import IDENTITY_SECRET, ORIGIN, PATIENCE_SECONDS, House, eventually


class Device:
    """A browser with the widget in it."""

    def __init__(self, house: House, origin: str | None = ORIGIN) -> None:
        self.house = house
        self.base = f"{house.base}/widget/v1/{house.tenant.widget}"
        self.headers = {"Origin": origin} if origin else {}

    async def open(self, identity: str | None = None) -> int:
        body = {"identity": identity} if identity else {}
        status, told = await self.call("POST", "sessions", body)
        if status == 201:
            self.headers["Authorization"] = f"Bearer {told['token']}"
        return status

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = f"{self.base}/{path}"
        async with self.house.client.request(
            method, url, json=body, headers=self.headers
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def write(self, text: str, client_id: str = "") -> tuple[int, Any]:
        body = {"text": text, "client_id": client_id or str(uuid4())}
        return await self.call("POST", "messages", body)

    @asynccontextmanager
    async def stream(self, after: str = "") -> AsyncIterator["Stream"]:
        url = f"{self.base}/stream?after={after}"
        async with self.house.client.get(url, headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.content_type == "text/event-stream"
            yield Stream(answer)


class Stream:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> tuple[str, dict[str, Any]]:
        kind = ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self._answer.content:
                name, _, text = line.decode().strip().partition(": ")
                if name == "event":
                    kind = text
                elif name == "data":
                    return kind, json.loads(text)
        raise AssertionError("the stream ended")


async def reply(house: House, text: str, state: str = "sent", kind: str = "text") -> UUID:
    """As the worker leaves it, once the widget's channel has taken it."""
    message = uuid4()
    async with house.owner.acquire() as link, link.transaction():
        conversation = await link.fetchval(
            "INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author,"
            " author_name, kind, text, position, written_at)"
            " SELECT organisation_id, $1, id, channel_id, peer, 'agent', 'Clara', $3, $2,"
            " last_position + 1, now() FROM conversation ORDER BY created_at DESC LIMIT 1"
            " RETURNING conversation_id",
            message,
            text,
            kind,
        )
        await link.execute(
            "UPDATE conversation SET last_position = last_position + 1 WHERE id = $1", conversation
        )
        await link.execute(
            "INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id,"
            " address, state, order_on, order_id, not_before, settled_at)"
            " SELECT organisation_id, $1, id, channel_id, $2, address, $3::text, now(), $2, now(),"
            " CASE WHEN $3::text = 'owed' THEN NULL ELSE now() END"
            " FROM conversation WHERE id = $4",
            uuid4(),
            message,
            state,
            conversation,
        )
        await link.execute("SELECT pg_notify('caseway_pages', $1)", str(conversation))
    return message


async def delivery_states(house: House) -> dict[UUID, str]:
    rows = await house.owner.fetch("SELECT message_id, state FROM delivery")
    return {row["message_id"]: row["state"] for row in rows}


def signed(secret: str = IDENTITY_SECRET, **claims: Any) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


async def test_a_visitor_writes_and_reads_it_again(house: House) -> None:
    device = Device(house)
    assert await device.open() == 201
    assert await device.call("GET", "messages") == (
        200,
        {"state": "none", "messages": [], "cursor": "0"},
    )

    status, kept = await device.write("Hello <b>", "c-1")
    assert status == 201
    assert (kept["author"], kept["text"], kept["status"]) == ("contact", "Hello <b>", "sent")
    assert kept["client_id"] == "c-1"
    assert await device.write("Hello <b>", "c-1") == (200, kept)

    _, history = await device.call("GET", "messages")
    assert history["state"] == "waiting"
    assert [message["id"] for message in history["messages"]] == [kept["id"]]
    row = (await house.owner.fetch("SELECT * FROM conversation"))[0]
    assert row["peer"] == row["address"]
    assert row["due_at"] is not None
    assert not await house.owner.fetchval("SELECT verified FROM contact")


async def test_a_reply_is_seen_once_the_widget_has_it_and_then_delivered(house: House) -> None:
    device = Device(house)
    await device.open()
    await device.write("Hello")
    owed = await reply(house, "not yet", "owed")
    _, history = await device.call("GET", "messages")
    assert [message["text"] for message in history["messages"]] == ["Hello"]

    async with device.stream(history["cursor"]) as stream:
        seen = [await stream.next(), await stream.next()]
        assert {kind for kind, _ in seen} == {"message", "state"}
        sent = await reply(house, "On it")
        kind, told = await stream.next()
        assert (kind, told["id"], told["author_name"]) == ("message", str(sent), "Clara")
        assert told["status"] is None

    assert await device.call("POST", "acknowledgements", {"cursor": told["cursor"]}) == (204, None)
    states = await delivery_states(house)
    assert states == {owed: "owed", sent: "delivered"}


async def test_an_acknowledgement_reaches_no_later_reply(house: House) -> None:
    device = Device(house)
    await device.open()
    await device.write("Hello")
    first = await reply(house, "one")
    _, history = await device.call("GET", "messages")
    second = await reply(house, "two")

    await device.call("POST", "acknowledgements", {"cursor": history["cursor"]})

    states = await delivery_states(house)
    assert states == {first: "delivered", second: "sent"}


async def test_of_our_own_lines_only_the_closing_one_is_shown(house: House) -> None:
    device = Device(house)
    await device.open()
    _, kept = await device.write("Hello")
    for position, kind in ((91, "handoff"), (92, "failure")):
        await house.owner.execute(
            "INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author,"
            " kind, text, position, written_at) SELECT organisation_id, $1, id, channel_id, peer,"
            " 'system', $2::text, $2::text, $3, now() FROM conversation",
            uuid4(),
            kind,
            position,
        )
    conversation = await house.owner.fetchval("SELECT id FROM conversation")
    async with device.stream() as stream:
        assert [(await stream.next())[0] for _ in range(2)] == ["message", "state"]
        key = ConversationKey(house.tenant.organisation, conversation)
        url = f"{house.base}/api/v1/conversations/{key.conversation}/resolve"
        async with house.client.post(url, headers=house.tenant.bearer) as answer:
            assert answer.status == 200
        await house.owner.execute("UPDATE delivery SET state = 'sent', settled_at = now()")
        await house.owner.execute("SELECT pg_notify('caseway_pages', $1)", str(conversation))
        # A stream that looks between the two transactions tells of the state first.
        told = dict([await stream.next(), await stream.next()])
    assert told["message"]["text"] == "This conversation was resolved."
    assert told["message"]["author"] == "system"
    assert told["state"]["state"] == "resolved"
    assert kept["text"] == "Hello"


async def test_a_returning_visitor_sees_the_former_conversation(house: House) -> None:
    device = Device(house)
    await device.open()
    await device.write("First")
    await house.owner.execute("UPDATE conversation SET state = 'resolved', resolved_at = now()")
    await device.write("Second")
    _, history = await device.call("GET", "messages")
    assert [message["text"] for message in history["messages"]] == ["First", "Second"]
    assert history["state"] == "waiting"
    assert await house.owner.fetchval("SELECT count(*) FROM conversation") == 2


async def test_a_signed_identity_is_the_same_person_on_every_device(house: House) -> None:
    claims = {"sub": "k-17", "name": "Ines", "email": "ines@example.com"}
    one, other = Device(house), Device(house)
    assert await one.open(signed(**claims)) == 201
    await one.write("Hello")
    assert await other.open(signed(**claims)) == 201
    _, history = await other.call("GET", "messages")
    assert [message["text"] for message in history["messages"]] == ["Hello"]
    contact = (await house.owner.fetch("SELECT * FROM contact"))[0]
    assert (contact["name"], contact["verified"]) == ("Ines", True)

    past = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    for wrong in (
        "nonsense",
        signed(secret="another secret of thirty-two bytes", sub="k-17"),
        signed(sub="k-17", exp=past),
        signed(name="nobody"),
        signed(sub="x" * 513),
    ):
        assert await Device(house).open(wrong) == 401


async def test_a_replaced_identity_secret_holds_until_its_time_is_over(house: House) -> None:
    channels = Channels(house.sync, house.secrets)
    ours = house.tenant.organisation
    renewed = await channels.new_secret(ours, "widget", grace=timedelta(hours=1))
    assert renewed.secret is not None
    house.parts.directory.forget()  # type: ignore[attr-defined] # nobody listens in a test
    assert await Device(house).open(signed(sub="k-17")) == 201
    assert await Device(house).open(signed(renewed.secret.reveal(), sub="k-17")) == 201
    assert await Device(house).open(signed("another secret of thirty-two bytes", sub="k-17")) == 401
    await channels.end_former_secret(ours, "widget")
    house.parts.directory.forget()  # type: ignore[attr-defined]
    assert await Device(house).open(signed(sub="k-17")) == 401


async def test_only_allowed_origins_may_use_it(house: House) -> None:
    for origin, allowed in (
        (ORIGIN, True),
        (house.base, True),
        (f"{ORIGIN}.evil.example", False),
        (ORIGIN.replace("https", "http"), False),
        ("null", False),
        ("https://evil.example", False),
    ):
        device = Device(house, origin)
        status, settings = await device.call("GET", "settings")
        assert status == (200 if allowed else 403)
        assert not allowed or settings == {"greeting": None, "characters": 8000}
        assert await device.open() == (201 if allowed else 403)
        preflight = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        async with house.client.options(f"{device.base}/messages", headers=preflight) as answer:
            shown = answer.headers.get("Access-Control-Allow-Origin")
            assert shown == (origin if allowed else None)
            assert answer.status == (204 if allowed else 403)
            assert answer.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            if allowed:
                assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


async def test_strangers_and_wrong_channels(house: House) -> None:
    device = Device(house)
    assert (await device.call("GET", "messages"))[0] == 401
    await device.open()
    token = device.headers["Authorization"]
    for shown in ("Bearer nonsense", token[:-4] + "zzzz", "Basic x"):
        device.headers["Authorization"] = shown
        assert (await device.call("GET", "messages"))[0] == 401
    device.headers["Authorization"] = token
    device.base = f"{house.base}/widget/v1/{house.other.widget}"
    assert (await device.call("GET", "messages"))[0] == 401  # a session of another channel
    for channel in (house.tenant.api, uuid4(), "nonsense"):
        device.base = f"{house.base}/widget/v1/{channel}"
        status, problem = await device.call("GET", "messages")
        assert (status, problem["title"]) == (404, "Not Found")


async def test_what_is_too_much_is_refused_in_words_for_the_customer(house: House) -> None:
    device = Device(house)
    await device.open()
    status, problem = await device.write("x" * 8_001)
    assert (status, "8,001" in problem["detail"]) == (413, True)
    wrong: tuple[Any, ...] = (
        {"text": "", "client_id": "a"},
        {"text": "a\x00", "client_id": "a"},
        {"text": "a", "client_id": ""},
        {"text": "a"},
        [],
    )
    for body in wrong:
        assert (await device.call("POST", "messages", body))[0] == 400
    answers = [(await device.write("x"))[0] for _ in range(31)]
    assert answers == [201] * 30 + [429]
    url = f"{device.base}/messages"
    async with house.client.post(
        url, json={"text": "x", "client_id": "y"}, headers=device.headers
    ) as answer:
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert "wait a minute" in (await answer.json(content_type=None))["detail"]


async def test_a_sixth_new_conversation_waits(house: House) -> None:
    answers = []
    for _ in range(6):
        device = Device(house)
        await device.open()
        answers.append((await device.write("Hello"))[0])
    assert answers == [201] * 5 + [429]
    elsewhere = Device(house)
    elsewhere.headers["X-Forwarded-For"] = "203.0.113.7"  # by a proxy, and not the same visitor
    await elsewhere.open()
    assert (await elsewhere.write("Hello"))[0] == 201

    neighbours = []
    for each in range(6):
        device = Device(house)
        device.headers["X-Forwarded-For"] = f"2001:db8:7:1::{each + 1}"  # one visitor's network
        await device.open()
        neighbours.append((await device.write("Hello"))[0])
    assert neighbours == [201] * 5 + [429]


async def test_a_channel_may_have_limits_of_its_own(house: House) -> None:
    limits = {"characters": 5, "messages_a_minute": 2}
    await house.owner.execute(
        "UPDATE channel SET settings = settings || jsonb_build_object('limits', $2::jsonb)"
        " WHERE id = $1",
        house.tenant.widget,
        json.dumps(limits),
    )
    device = Device(house)
    await device.open()
    status, problem = await device.write("123456")
    assert (status, "5 characters" in problem["detail"]) == (413, True)
    assert [(await device.write("12345"))[0] for _ in range(3)] == [201, 201, 429]
    await house.owner.execute("UPDATE rate_window SET begun_at = begun_at - interval '11 min'")
    assert (await device.write("Hello"))[0] == 201


async def test_what_the_widget_shows_before_anybody_writes_is_as_configured(house: House) -> None:
    await house.owner.execute(
        """UPDATE channel SET settings = settings
             || '{"greeting": "Moin <b>!", "limits": {"characters": 5}}' WHERE id = $1""",
        house.tenant.widget,
    )
    told = {"greeting": "Moin <b>!", "characters": 5}
    assert await Device(house).call("GET", "settings") == (200, told)
    assert await house.owner.fetchval("SELECT count(*) FROM widget_session") == 0


async def test_streams_are_bounded_and_end_with_the_process(house: House) -> None:
    device = Device(house)
    await device.open()
    url = f"{device.base}/stream"
    opened = [await house.client.get(url, headers=device.headers) for _ in range(7)]
    assert [answer.status for answer in opened] == [200] * 6 + [429]
    house.web.close_streams()
    for answer in opened[:6]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert b"event: state" in await answer.read()
    async with house.client.get(url, headers=device.headers) as answer:
        assert answer.status == 503


async def test_the_stream_counts_as_left_when_the_device_is_gone(house: House) -> None:
    device = Device(house)
    await device.open()

    async def streams() -> str:
        async with house.client.get(house.base + "/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next(line for line in lines if line.startswith("caseway_widget_streams "))

    async with device.stream() as stream:
        await stream.next()
        assert (await streams()).endswith(" 1.0")

    async def left() -> bool:
        return (await streams()).endswith(" 0.0")

    await eventually(left)


async def test_the_script_is_public_and_cached_by_its_content(house: House) -> None:
    async with house.client.get(house.base + "/widget.js") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/javascript"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        etag = answer.headers["ETag"]
        assert b"caseway-chat" in await answer.read()
    headers = {"If-None-Match": etag}
    async with house.client.get(house.base + "/widget.js", headers=headers) as answer:
        assert answer.status == 304
