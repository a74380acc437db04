"""The file services: upload in one piece or in ranges, and download.

Uploads answer 200 also when they fail: `success` tells.
"""

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote

import msgspec

from creatio_sandbox import ids, unmodelled
from creatio_sandbox.failures import Malformed, Refused
from creatio_sandbox.odata.answers import PLAIN_JSON, Answer, Call, NoRight, refusal
from creatio_sandbox.odata.writes import keep_stream
from creatio_sandbox.records import Author, Records
from creatio_sandbox.rights import Gate
from creatio_sandbox.values import stored

RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
DOWNLOAD: Final = re.compile(r"rest/FileService/(?:Download|GetFile)/([\w-]+)/([0-9a-fA-F-]{36})")


def answer(records: Records, gate: Gate, call: Call, by: Author, at: datetime) -> Answer:
    if call.path == "rest/FileApiService/UploadFile" and call.method == "POST":
        return _upload(records, gate, call, by, at)
    found = DOWNLOAD.fullmatch(call.path)
    if found and call.method == "GET":
        return _download(records, gate, found[1], found[2].lower(), by)
    return unmodelled.service(f"/{call.path}") or Answer(404)


def while_rebuilding() -> Answer:
    """What the services say for a minute or two after the model was changed."""
    return _verdict(
        "Collection was modified; enumeration operation may not execute.",
        "InvalidOperationException",
    )


def _verdict(trouble: str | None, code: str = "") -> Answer:
    body: dict[str, Any] = {"success": trouble is None, "errorInfo": None}
    if trouble is not None:
        body["errorInfo"] = {"errorCode": code, "message": trouble, "stackTrace": ""}
    return Answer(200, msgspec.json.encode(body), {"Content-Type": PLAIN_JSON})


def _upload(records: Records, gate: Gate, call: Call, by: Author, at: datetime) -> Answer:
    asked = {name: values[0] for name, values in parse_qs(call.query).items()}
    entity = records.known.get(asked.get("entitySchemaName", ""))
    column = asked.get("columnName", "Data")
    if entity is None or column not in entity.streams:
        return _verdict("The schema or its column was not found.", "ItemNotFoundException")
    limit = int(records.setting("MaxFileSize", "IntegerValue") or 10) * 1024 * 1024
    total = int(asked.get("totalFileLength") or len(call.body))
    if total > limit:
        return _verdict("The file exceeds the maximum size.", "MaxFileSizeExceededException")
    span = RANGE.fullmatch(call.headers.get("content-range", ""))
    start = int(span[1]) if span else 0
    try:
        key = str(stored(entity.columns["Id"], asked.get("fileId", "")))
        with records.transaction():
            is_new = records.row(entity.name, key) is None
            gate.check(by.user, entity.name, "create" if is_new else "update")
            if is_new:
                _create_row(records, entity.name, key, asked, by, at)
            before = _content(records, entity.name, key, column)[:start]
            if len(before) != start:
                raise Malformed("A part before this one is missing.")
            keep_stream(records, entity, key, column, before + call.body, by, at)
    except NoRight as failure:
        return _verdict(str(failure), "SecurityException")
    except Refused as failure:
        return _verdict(str(failure), type(failure).__name__)
    return _verdict(None)


def _create_row(
    records: Records, entity: str, id: str, asked: dict[str, str], by: Author, at: datetime
) -> None:
    row: dict[str, Any] = {"Id": id, "Name": asked.get("fileName", "file"), "TypeId": ids.FILE}
    parent = asked.get("parentColumnName", "")
    column = records.known[entity].columns.get(f"{parent}Id")
    if column is not None:
        row[column.name] = stored(column, asked.get("parentColumnValue", ""))
    records.create(entity, row, by=by, at=at)


def _content(records: Records, entity: str, id: str, column: str) -> bytes:
    found = records.database.one(
        'SELECT bytes FROM _streams WHERE entity = ? AND id = ? AND "column" = ?',
        (entity, id, column),
    )
    return bytes(found[0]) if found else b""


def _download(records: Records, gate: Gate, schema: str, id: str, by: Author) -> Answer:
    by_uid = {entity.uid: name for name, entity in records.known.items() if entity.uid}
    name = by_uid.get(schema.lower(), schema)
    entity = records.known.get(name)
    row = records.row(name, id) if entity is not None else None
    if row is None:
        return Answer(404)
    try:
        gate.check(by.user, name, "read")
    except NoRight as failure:
        return refusal(failure)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.get('Name', 'file'))}",
    }
    return Answer(200, _content(records, name, id, "Data"), headers)
