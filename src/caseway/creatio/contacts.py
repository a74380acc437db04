"""Who a customer is over there: by email, then by phone, most recently modified first.

Both places are searched: the contact's own columns, and its communication options, where an
instance keeps further addresses. Phones stand there with their digits reversed, so that the end
of a number is the beginning of a search.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from caseway.creatio.line import Line, Request
from caseway.creatio.mapping import utc
from caseway.creatio.odata import Rows, rows, text
from caseway.domain.ids import NOBODY, RemoteContactId

_MOST: Final = 20
_END_DIGITS: Final = 9  # of a phone number: what local and international spelling share
_LEAST_DIGITS: Final = 7
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_CONTACTS: Final = (
    f"/odata/Contact?$select=Id,ModifiedOn&$orderby=ModifiedOn%20desc&$top={_MOST}&$filter="
)
_OPTIONS: Final = (
    "/odata/ContactCommunication?$select=ContactId,Number&$expand=Contact($select=ModifiedOn)"
    f"&$top={_MOST}&$filter="
)


class _ContactRow(msgspec.Struct, rename="pascal"):
    id: UUID | None = None
    modified_on: datetime | None = None


class _OptionRow(msgspec.Struct, rename="pascal"):
    contact_id: UUID | None = None
    number: str | None = None
    contact: _ContactRow | None = None


_CONTACT_ROWS: Final = msgspec.json.Decoder(Rows[_ContactRow])
_OPTION_ROWS: Final = msgspec.json.Decoder(Rows[_OptionRow])


async def find(line: Line, *, email: str, phone: str, until: float) -> list[RemoteContactId]:
    if email and (found := await _by_email(line, email, until)):
        return found
    return await _by_phone(line, phone, until) if phone else []


async def _by_email(line: Line, email: str, until: float) -> list[RemoteContactId]:
    spellings = _either("{}", email)
    found = await _contacts(line, spellings.replace("{}", "Email"), until)
    if found:
        return found
    return _newest(await _options(line, spellings.replace("{}", "Number"), until))


async def _by_phone(line: Line, phone: str, until: float) -> list[RemoteContactId]:
    same = f"%20eq%20{text(phone)}"
    columns = ("MobilePhone", "Phone", "HomePhone")
    found = await _contacts(line, "%20or%20".join(c + same for c in columns), until)
    end = digits(phone)[-_END_DIGITS:][::-1]
    if found or len(end) < _LEAST_DIGITS:
        return found
    options = await _options(line, f"startswith(SearchNumber,{text(end)})", until)
    return _newest(option for option in options if same_phone(option.number or "", phone))


def _either(column: str, email: str) -> str:
    """As it was written, and in lower case: their databases differ in whether it matters."""
    spellings = dict.fromkeys((email, email.lower()))
    return "%20or%20".join(f"{column}%20eq%20{text(spelling)}" for spelling in spellings)


async def _contacts(line: Line, condition: str, until: float) -> list[RemoteContactId]:
    reply = await line.good(Request("contacts", _CONTACTS + condition), until=until)
    found = rows(_CONTACT_ROWS, reply.answer)
    return _ordered((row.id, row.modified_on) for row in found)


async def _options(line: Line, condition: str, until: float) -> list[_OptionRow]:
    reply = await line.good(Request("contacts", _OPTIONS + condition), until=until)
    return rows(_OPTION_ROWS, reply.answer)


def _newest(options: Iterable[_OptionRow]) -> list[RemoteContactId]:
    return _ordered(
        (option.contact_id, option.contact.modified_on if option.contact else None)
        for option in options
    )


def _ordered(found: Iterable[tuple[UUID | None, datetime | None]]) -> list[RemoteContactId]:
    last: dict[UUID, datetime] = {}
    for contact, modified_on in found:
        if contact is not None and contact != NOBODY:
            last[contact] = utc(modified_on) if modified_on else _NEVER
    return [RemoteContactId(one) for one in sorted(last, key=last.__getitem__, reverse=True)]


def digits(number: str) -> str:
    return "".join(c for c in number if c.isascii() and c.isdigit())


def same_phone(kept: str, phone: str) -> bool:
    """Whether a number as somebody typed it may be this E.164 one (`0` or `00` in front)."""
    theirs, ours = digits(kept), digits(phone)
    if kept.strip().startswith("+") or theirs.startswith("00"):
        return theirs.lstrip("0") == ours
    local = theirs.removeprefix("0")
    return len(local) >= _LEAST_DIGITS and ours.endswith(local)
