"""The multipart form of a batch: requests read out of it, answers written into it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from itertools import groupby
from typing import Final
from uuid import uuid4

from creatio_sandbox.odata.answers import Answer

HEAD_END: Final = re.compile(rb"\r?\n\r?\n")


class BadBatch(Exception):
    """The envelope itself cannot be read."""


@dataclass(frozen=True, slots=True)
class InnerRequest:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    content_id: str | None
    changeset: str | None


def _message(content_type: str, body: bytes) -> Message:
    # Latin-1 and surrogates keep every byte of the bodies.
    return BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)


def _request(part: Message, changeset: str | None) -> InnerRequest:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise BadBatch("A part holds no request.")
    head, *rest = HEAD_END.split(content, maxsplit=1)
    body = rest[0] if rest else b""
    lines = head.decode("utf-8", "replace").strip().splitlines()
    words = lines[0].split() if lines else []
    if len(words) < 2:
        raise BadBatch("A part does not begin with a request line.")
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    content_id = part.get("Content-ID") or headers.get("content-id")
    return InnerRequest(words[0].upper(), words[1], headers, body.strip(), content_id, changeset)


def read_parts(content_type: str, body: bytes) -> Iterator[InnerRequest]:
    outer = _message(content_type, body)
    if not outer.is_multipart():
        raise BadBatch("The batch has no boundary, or no parts.")
    for part in outer.get_payload():
        if not isinstance(part, Message):
            raise BadBatch("A part of the batch cannot be read.")
        if part.is_multipart():
            changeset = str(part.get_boundary())
            for inner in part.get_payload():
                if isinstance(inner, Message):
                    yield _request(inner, changeset)
        else:
            yield _request(part, None)


def _http(answer: Answer, content_id: str | None) -> bytes:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body + b"\r\n"


def _wrap(boundary: str, parts: list[bytes]) -> bytes:
    opening = f"--{boundary}\r\n".encode()
    return b"".join(opening + part for part in parts) + f"--{boundary}--\r\n".encode()


def write_parts(answers: list[tuple[str | None, Answer, str | None]]) -> tuple[str, bytes]:
    """The content type and the body."""
    parts: list[bytes] = []
    for group, members in groupby(answers, key=lambda each: each[2]):
        https = [_http(answer, content_id) for content_id, answer, _ in members]
        if group is None:
            parts += https
            continue
        inner = f"changesetresponse_{group}"
        head = f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode()
        parts.append(head + _wrap(inner, https))
    boundary = f"batchresponse_{uuid4()}"
    return f"multipart/mixed; boundary={boundary}", _wrap(boundary, parts)
