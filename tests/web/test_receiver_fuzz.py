"""Whatever is sent: a documented answer, and with a right token a row."""

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from caseway.domain.adoption import Outcome
from caseway.web.receiver.notification import read
from tests.web.conftest import House

DOCUMENTED = {200, 400, 401, 405, 408, 413, 429, 503}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["new_activity", "case_closed", "case_updated", " New_Activity "])
CASES = st.uuids().map(str) | st.sampled_from(["", "[#Case.Id#]", "\x00", "{}"]) | st.text()
BODIES = st.one_of(
    st.binary(max_size=300),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({}, optional={"event_type": KINDS | JSON, "caseId": CASES | JSON}).map(
        lambda value: json.dumps(value).encode()
    ),
    st.tuples(KINDS, CASES).map(
        lambda pair: json.dumps(json.dumps({"event_type": pair[0], "caseId": pair[1]})).encode()
    ),
)
TOKEN_TEXT = st.text("abcXYZ019_-.~", max_size=80)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Accept", "X-Forwarded-For", "Expect-Not", "Origin"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip),
    max_size=4,
)


@given(BODIES)
@settings(max_examples=600)
def test_reading_never_raises_and_always_says_why(body: bytes) -> None:
    said = read(body)
    assert (said.outcome is Outcome.ACCEPTED) == (said.reason == "")
    assert said.reason.isprintable()
    assert (said.case is not None) or said.outcome is not Outcome.ACCEPTED


@given(body=BODIES, headers=HEADERS, bearer=st.booleans())
@settings(max_examples=60)
async def test_a_right_token_is_always_answered_as_documented_and_kept(
    house: House, body: bytes, headers: dict[str, str], *, bearer: bool
) -> None:
    before = len(await house.events())
    url = f"{house.base}/backend/creatio/webhook" if bearer else house.webhook()
    shown = headers | ({"Authorization": f"Bearer {house.tenant.token}"} if bearer else {})
    async with house.client.post(url, data=body, headers=shown) as answer:
        told: dict[str, Any] = await answer.json(content_type=None)
    assert answer.status in {200, 400}
    events = await house.events()
    assert len(events) == before + 1
    outcome = events[-1]["outcome"]
    assert (answer.status == 400) == (outcome == "rejected")
    if answer.status == 200:
        assert told["event_id"] == str(events[-1]["id"])
        assert told["status"] == outcome
    else:
        assert (told["title"], told["detail"]) == ("Bad Request", events[-1]["reason"])


@given(token=TOKEN_TEXT, method=st.sampled_from(["POST", "GET", "PUT", "TRACE"]))
@settings(max_examples=40)
async def test_a_wrong_token_is_never_more_than_that(house: House, token: str, method: str) -> None:
    async with house.client.request(method, house.webhook(token), data=b"{}") as answer:
        assert answer.status == (401 if method == "POST" else 405)
    assert await house.events() == []


@given(raw=st.binary(max_size=400), cut=st.integers(0, 400))
@settings(max_examples=30)
async def test_bytes_on_the_wire_break_nothing(house: House, raw: bytes, cut: int) -> None:
    """Half requests and nonsense: at worst no answer, and the next call is served."""
    address = urlsplit(house.base)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = (
        f"POST /backend/creatio/webhook/{house.tenant.token} HTTP/1.1\r\nHost: x\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n"
    ).encode()
    writer.write((head + raw)[: len(head) + len(raw) - cut])
    with suppress(OSError):
        writer.write_eof()
        async with asyncio.timeout(12):
            told = await reader.read(4096)
        if told:
            assert int(told.split(b" ", 2)[1]) in DOCUMENTED
    writer.close()
    body = json.dumps({"event_type": "case_closed", "caseId": str(uuid4())}).encode()
    assert (await house.notify(body))[0] == 200
