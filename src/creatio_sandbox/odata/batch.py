"""$batch: many calls in one, as JSON or as multipart. A changeset is all or nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

import msgspec

from creatio_sandbox.failures import NotModelled
from creatio_sandbox.odata.answers import (
    JSON,
    VERSION,
    Answer,
    Call,
    answer_json,
    error,
    refusal,
)
from creatio_sandbox.odata.multipart import BadBatch, read_parts, write_parts
from creatio_sandbox.records import Records

PART_LIMIT: Final = 100
GO_ON: Final = ("continue-on-error", "continue-on-error=true", "odata.continue-on-error")
TOO_MANY_PARTS: Final = (
    "The current batch message contains too many parts. Only batch messages with a maximum number "
    "of '100' query operations and change sets are allowed."
)


@dataclass(frozen=True, slots=True)
class Part:
    call: Call
    id: str | None
    group: str | None  # the changeset it belongs to
    after: tuple[str, ...] = ()  # ids, or names of changesets, without which it is not tried


class Undo(Exception):
    """Carries a changeset's failure out of its transaction."""

    def __init__(self, part: Part, answer: Answer) -> None:
        self.part = part
        self.answer = answer


class JsonPart(msgspec.Struct):
    method: str
    url: str
    id: str | int | None = None
    atomicityGroup: str | None = None  # noqa: N815 (their word)
    dependsOn: list[str | int] = []  # noqa: N815
    headers: dict[str, str] = {}
    body: Any = msgspec.UNSET


class JsonBatch(msgspec.Struct):
    requests: list[JsonPart]


def address(url: str) -> tuple[str, str]:
    """A URL in a part is whole, or absolute on this host, or relative to the service root."""
    before, _, query = url.partition("?")
    path = before.partition("/odata/")[2] if "/odata/" in before else before
    return unquote(path).lstrip("/"), query


def json_parts(body: bytes, root: str) -> Iterator[Part]:
    try:
        batch = msgspec.json.decode(body, type=JsonBatch)
    except (msgspec.DecodeError, msgspec.ValidationError) as failure:
        raise BadBatch(str(failure)) from None
    for each in batch.requests:
        path, query = address(each.url)
        headers = {name.lower(): value for name, value in each.headers.items()}
        content = b"" if each.body is msgspec.UNSET else msgspec.json.encode(each.body)
        call = Call(each.method.upper(), path, query, headers, content, root)
        known = None if each.id is None else str(each.id)
        yield Part(call, known, each.atomicityGroup, tuple(map(str, each.dependsOn)))


def multipart_parts(call: Call) -> Iterator[Part]:
    for inner in read_parts(call.headers.get("content-type", ""), call.body):
        path, query = address(inner.url)
        inner_call = Call(inner.method, path, query, inner.headers, inner.body, call.root)
        yield Part(inner_call, inner.content_id, inner.changeset)


def run(
    parts: list[Part], records: Records, each_call: Callable[[Call], Answer], *, go_on: bool
) -> Iterator[tuple[Part, Answer, str | None]]:
    """Each part with its answer and its changeset's new name; ends with the first failure."""
    failed: set[str | None] = set()

    def answer(part: Part) -> Answer:
        done = Answer(424) if failed.intersection(part.after) else _one(part, each_call)
        if done.failed:
            failed.update({part.id, part.group} - {None})
        return done

    for group, members in groupby(parts, key=lambda part: part.group):
        if group is None:
            for part in members:
                done = answer(part)
                yield part, done, None
                if done.failed and not go_on:
                    return
            continue
        name = str(uuid4())
        answers: list[tuple[Part, Answer, str | None]] = []
        try:
            with records.transaction():
                for part in members:
                    done = answer(part)
                    if done.failed:
                        raise Undo(part, done)  # noqa: TRY301 (it must leave the transaction)
                    answers.append((part, done, name))
        except Undo as undo:
            yield undo.part, undo.answer, name
            if not go_on:
                return
        else:
            yield from answers


def _one(part: Part, answer: Callable[[Call], Answer]) -> Answer:
    if part.call.path.startswith("$") and part.call.path != "$metadata":
        return refusal(NotModelled(f"'{part.call.path}' in a $batch: it names another part"))
    return answer(part.call)


def _json_answer(part: Part, done: Answer, group: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {} if part.id is None else {"id": part.id}
    if group is not None:
        shown["atomicityGroup"] = group
    shown["status"] = done.status
    shown["headers"] = {name.lower(): value for name, value in done.headers.items()}
    if done.body:
        is_json = "json" in done.headers.get("Content-Type", "")
        shown["body"] = msgspec.Raw(done.body) if is_json else done.body.decode()
    return shown


def answer_batch(call: Call, records: Records, answer: Callable[[Call], Answer]) -> Answer:
    kind = call.headers.get("content-type", "").split(";")[0].strip().lower()
    try:
        is_multipart = kind == "multipart/mixed"
        parts = list(multipart_parts(call) if is_multipart else json_parts(call.body, call.root))
    except BadBatch as failure:
        return error(400, "The request is invalid.", str(failure))
    if len(parts) > PART_LIMIT:
        return error(400, TOO_MANY_PARTS)
    go_on = any(map(call.prefers, GO_ON))
    done = list(run(parts, records, answer, go_on=go_on))
    if is_multipart and "json" not in call.headers.get("accept", ""):
        kind, body = write_parts([(p.id, a, group) for p, a, group in done])
        return Answer(200, body, {"Content-Type": kind, **VERSION})
    responses = [_json_answer(part, each, group) for part, each, group in done]
    return answer_json(200, {"responses": responses}, {"Content-Type": JSON})
