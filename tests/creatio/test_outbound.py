"""What comes back from outside: whole, limited, and never another exception than two."""

import gzip
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from caseway.outbound import Answer, NoAnswer, NotReached, Outside, TooLarge
from tests.creatio.far import CUT, SILENT, Far, Says, far, says
from tests.creatio.parts import LOOPBACK


async def ask(outside: Outside, there: Far, **given: float) -> Answer:
    # Numbers alone are given, by the names of `ask`'s limits.
    limits = {"within_seconds": 60.0, **given}
    return await outside.ask("GET", URL(there.url), headers={}, **limits)  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("limit", [1_000, 10])
async def test_a_body_is_read_up_to_a_limit(limit: int) -> None:
    async with far(lambda _: says(200, b"x" * 100)) as there, Outside(LOOPBACK) as outside:
        if limit > 100:
            assert (await ask(outside, there, limit_bytes=limit)).body == b"x" * 100
        else:
            with pytest.raises(TooLarge):
                await ask(outside, there, limit_bytes=limit)


async def test_a_small_body_that_unfolds_into_a_large_one_is_not_read() -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    answer = says(200, packed, extra=(("Content-Encoding", "gzip"),))
    async with far(lambda _: answer) as there, Outside(LOOPBACK) as outside:
        with pytest.raises(TooLarge):
            await ask(outside, there, limit_bytes=1_000_000)


async def test_a_packed_body_is_unpacked() -> None:
    answer = says(200, gzip.compress(b'{"a":1}'), extra=(("Content-Encoding", "gzip"),))
    async with far(lambda _: answer) as there, Outside(LOOPBACK) as outside:
        assert (await ask(outside, there)).body == b'{"a":1}'


@pytest.mark.parametrize(
    "answer",
    [
        CUT,
        Says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", cut=True),
        Says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf", cut=True),
        Says(b"nonsense\r\n\r\n", cut=True),
        Says(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", cut=True),
        Says(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n", cut=True),
        says(200, b"not packed at all", extra=(("Content-Encoding", "gzip"),)),
    ],
)
async def test_a_broken_answer_is_no_answer(answer: Says) -> None:
    async with far(lambda _: answer) as there, Outside(LOOPBACK) as outside:
        with pytest.raises(NoAnswer):
            await ask(outside, there)


async def test_a_silent_far_side_costs_the_time_that_was_given() -> None:
    async with far(lambda _: SILENT) as there, Outside(LOOPBACK) as outside:
        begin = time.monotonic()
        with pytest.raises(NoAnswer):
            await ask(outside, there, within_seconds=0.2)
        assert time.monotonic() - begin < 30


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with far(lambda _: says()) as there:
        url = there.url
    async with Outside(LOOPBACK) as outside:
        with pytest.raises(NotReached):
            await outside.ask("GET", URL(url), headers={}, within_seconds=60)


async def test_a_certificate_counts_where_the_operator_trusts_who_signed_it() -> None:
    authority = trustme.CA()
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(shown)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with far(lambda _: says(200, b"here"), tls=shown) as there:
        async with Outside(LOOPBACK) as outside:
            with pytest.raises(NotReached, match=r"certificate of .+ is not trusted"):
                await ask(outside, there)
        assert not there.got
        async with Outside(LOOPBACK, tls=trusting) as outside:
            assert (await ask(outside, there)).body == b"here"


async def test_a_redirect_is_an_answer_and_a_cookie_is_not_kept() -> None:
    extra = (("Location", "http://169.254.169.254/"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    async with far(lambda _: says(302, b"", extra=extra)) as there, Outside(LOOPBACK) as outside:
        url = URL(there.url).with_host("localhost")  # a jar leaves bare addresses out by itself
        answer = await outside.ask("GET", url, headers={}, within_seconds=60)
        await outside.ask("GET", url, headers={}, within_seconds=60)
    assert answer.status == 302
    assert answer.all("set-cookie") == ["a=1", "b=2"]
    assert "cookie" not in there.got[1].headers


async def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with far(lambda _: says(200, b"here")) as there, Outside(LOOPBACK) as outside:
        assert (await ask(outside, there)).body == b"here"


def headed(**headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, CIMultiDictProxy(CIMultiDict(named)), b"")


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    date = "Mon, 23 Nov 2026 12:00:00 GMT"
    assert headed(Retry_After="17").retry_after == timedelta(seconds=17)
    assert headed(Retry_After="999999999999").retry_after == timedelta(days=1)
    later = headed(Date=date, Retry_After="Mon, 23 Nov 2026 12:01:30 GMT")
    assert later.retry_after == timedelta(seconds=90)
    past = headed(Date=date, Retry_After="Mon, 23 Nov 2020 12:01:30 GMT")
    assert past.retry_after == timedelta()
    assert headed(Date=date).at == datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(st.text(), st.text())
def test_no_header_breaks_the_reading_of_headers(date: str, retry_after: str) -> None:
    answer = headed(Date=date, Retry_After=retry_after)
    assert answer.at is None or answer.at.tzinfo is UTC
    wait = answer.retry_after
    assert wait is None or timedelta() <= wait <= timedelta(days=1)
