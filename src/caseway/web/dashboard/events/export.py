"""Events as CSV or JSON lines, page by page: memory does not grow with what is asked for."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec

from caseway.domain.ids import OrganisationId
from caseway.ports import EventLog, Later
from caseway.ports.event_log import EventFilter, Exported, Place
from caseway.web.dashboard.events import telling
from caseway.web.dashboard.times import iso

PAUSES: Final = (1, 2, 4, 8)  # s, while the store is away
AT_ONCE: Final = 250  # rows of one page; a body is at most 64 KiB
COLUMNS: Final = (
    "id",
    "received_at",
    "found_by",
    "type",
    "outcome",
    "reason",
    "case_id",
    "case_number",
    "conversation_id",
    "connection_id",
    "source",
    "token",
    "body",
    "body_encoding",
)
# A spreadsheet would take what begins so for a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Write = Callable[[list[Exported]], bytes]


async def rows(
    log: EventLog,
    organisation: OrganisationId,
    wanted: EventFilter,
    *,
    after: Place | None,
    write: Write,
) -> AsyncIterator[bytes]:
    """The newest first, from the event after `after` on. Where the store stays away, the answer
    breaks off before its end, so that whoever downloads sees it.
    """
    before = after
    while True:
        found, before = await _page(log, organisation, wanted, before)
        if found:
            yield write(list(found))
        if before is None:
            return


async def _page(
    log: EventLog, organisation: OrganisationId, wanted: EventFilter, before: Place | None
) -> tuple[Sequence[Exported], Place | None]:
    for pause in PAUSES:
        try:
            return await log.export(organisation, wanted, before=before, limit=AT_ONCE)
        except Later:
            await asyncio.sleep(pause)
    return await log.export(organisation, wanted, before=before, limit=AT_ONCE)


def cells(one: Exported) -> list[str]:
    event = one.noticed
    text, encoding = _body(one.body, is_cut=telling.is_cut(event.outcome, one.body))
    return [
        str(event.id),
        iso(event.received_at),
        event.found_by,
        event.type,
        event.outcome.value,
        event.reason,
        str(event.case or ""),
        event.case_number,
        str(event.conversation or ""),
        str(event.connection),
        one.source,
        one.token_name,
        text,
        encoding,
    ]


def as_csv(found: list[Exported]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(
        [_guarded(cell) for cell in cells(one)] for one in found
    )
    return written.getvalue().encode()


def csv_head() -> bytes:
    return (",".join(COLUMNS) + "\r\n").encode()


def as_json_lines(found: list[Exported]) -> bytes:
    encode = msgspec.json.encode
    return b"".join(encode(dict(zip(COLUMNS, cells(one), strict=True))) + b"\n" for one in found)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _body(raw: bytes, *, is_cut: bool) -> tuple[str, str]:
    try:
        text = telling.as_utf8(raw, is_cut=is_cut)
    except UnicodeDecodeError:
        return raw.hex(), "hex"
    # NUL in a text file stops many who read it.
    return (raw.hex(), "hex") if "\x00" in text else (text, "utf-8")
