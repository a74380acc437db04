"""Every answer there can be means something, and nothing else is ever raised."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.creatio.errors import Meaning, message, verdict
from caseway.outbound import Answer
from caseway.ports import Later, Never

JSON = "application/json; odata.metadata=minimal"
FAULT = (
    b'{"error":{"code":"","message":"The request is invalid.",'
    b'"innererror":{"message":"item : The property \'X\' does not exist","type":""}}}'
)


def answered(status: int, body: bytes = b"", content_type: str = JSON, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": content_type, **named}, body)


bodies = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"{" * 5_000, b"[" * 5_000, b'{"error":' * 3_000, FAULT[:40], FAULT, b"<html>"]
    ),
    st.builds(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth, st.integers(0, 3_000)),
    st.sampled_from(
        [
            b'{"error":null}',
            b'{"error":{"message":1}}',
            b'{"error":"invalid"}',
            b'{"Message":["x"]}',
            b'{"error":{"innererror":{"message":null}}}',
            b'{"Message":"\xff\xfe"}',
            b'\xef\xbb\xbf{"Message":"bom"}',
        ]
    ),
)
content_types = st.one_of(
    st.text(max_size=40),
    st.sampled_from([JSON, "text/html", "", "application/problem+json", "APPLICATION/JSON"]),
)


@given(st.integers(-1, 1_000), content_types, bodies, st.text(max_size=20), st.booleans())
def test_every_answer_means_one_of_four_things(
    status: int, content_type: str, body: bytes, retry_after: str, empty: bool
) -> None:
    answer = answered(status, body, content_type, Retry_After=retry_after)
    found = verdict(answer, empty_is_good=empty)
    assert isinstance(found.failure, Later | Never)
    assert found.meaning is not Meaning.GOOD or 200 <= status < 300
    assert len(str(found.failure)) < 400
    assert "\n" not in str(found.failure)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, Meaning.GOOD),
        (201, Meaning.GOOD),
        (302, Meaning.SIGN_IN),
        (401, Meaning.SIGN_IN),
        (403, Meaning.SIGN_IN),
        (400, Meaning.NEVER),
        (404, Meaning.LATER),
        (409, Meaning.LATER),
        (413, Meaning.NEVER),
        (429, Meaning.LATER),
        (500, Meaning.LATER),
        (503, Meaning.LATER),
    ],
)
def test_the_status_decides(status: int, meaning: Meaning) -> None:
    assert verdict(answered(status, FAULT)).meaning is meaning


def test_only_an_answer_that_may_hide_a_success_leaves_doubt() -> None:
    doubts = {status for status in range(100, 600) if verdict(answered(status)).maybe_taken}
    assert doubts >= {500, 502, 503, 504}
    assert not doubts & {400, 401, 403, 404, 409, 429}


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "", "text/plain"])
def test_a_page_with_status_200_asks_for_a_sign_in(content_type: str) -> None:
    page = verdict(answered(200, b"<html>", content_type))
    assert page.meaning is Meaning.SIGN_IN
    assert "instance URL" in page.remedy


def test_an_empty_answer_is_good_where_a_status_is_all_we_want() -> None:
    assert verdict(answered(204, content_type=""), empty_is_good=True).meaning is Meaning.GOOD
    assert (
        verdict(answered(200, b"<p>", "text/html"), empty_is_good=True).meaning is Meaning.SIGN_IN
    )


def test_a_throttle_names_its_wait() -> None:
    failure = verdict(answered(429, Retry_After="30")).failure
    assert isinstance(failure, Later)
    assert failure.retry_after == timedelta(seconds=30)
    assert not failure.maybe_taken


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (FAULT, "item : The property 'X' does not exist"),
        (b'{"Message":"No HTTP resource\\nwas found"}', "No HTTP resource was found"),
        (b'{"Message":"An error","ExceptionMessage":"Object reference"}', "Object reference"),
        (b'{"error":{"message":"plain"}}', "plain"),
        (b"<html>secret page</html>", ""),
        (b"", ""),
        (b'{"error":{"message":"' + b"x" * 900 + b'"}}', "x" * 199 + "…"),
    ],
)
def test_an_error_is_told_in_creatios_words_on_one_short_line(body: bytes, words: str) -> None:
    assert message(body) == words
