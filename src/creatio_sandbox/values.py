"""Values between the wire and the database, both ways, and what an empty one looks like."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from creatio_sandbox.clock import stamp
from creatio_sandbox.entities import Column
from creatio_sandbox.failures import Broken, Malformed
from creatio_sandbox.ids import EMPTY

GUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
ZONED: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE
)
EMPTY_TIME: Final = "0001-01-01T00:00:00Z"
INT32: Final = range(-(2**31), 2**31)

Stored = str | int | float | None


def parse_time(text: str) -> str:
    """A date alone is midnight over there; a time without a zone is refused."""
    if DATE.fullmatch(text):
        text += "T00:00:00Z"
    if not ZONED.fullmatch(text):
        raise Malformed(f"Cannot convert the literal '{text}' to the expected type.")
    try:
        return stamp(datetime.fromisoformat(text.upper()).astimezone(UTC))
    except (ValueError, OverflowError) as failure:
        raise Malformed(str(failure)) from None


def guid(column: Column, value: Any) -> Stored:
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise Malformed(f"Cannot convert the value of '{column.name}' to 'Edm.Guid'.")
    return None if value == EMPTY else value.lower()


def text(column: Column, value: Any) -> Stored:
    if not isinstance(value, str):
        raise Malformed(f"Cannot convert the value of '{column.name}' to 'Edm.String'.")
    if column.length is not None and len(value) > column.length:
        message = f"value too long for type character varying({column.length})"
        raise Broken(f"22001: {message}", "Npgsql.PostgresException")
    return value


def moment(column: Column, value: Any) -> Stored:
    if not isinstance(value, str):
        raise Malformed(f"Cannot convert the value of '{column.name}' to 'Edm.DateTimeOffset'.")
    stored = parse_time(value)
    return None if stored.startswith("0001-01-01") else stored


def truth(column: Column, value: Any) -> Stored:
    if not isinstance(value, bool):
        raise Malformed(f"Cannot convert the value of '{column.name}' to 'Edm.Boolean'.")
    return int(value)


def whole(column: Column, value: Any) -> Stored:
    if isinstance(value, bool) or not isinstance(value, int) or value not in INT32:
        raise Malformed(f"Cannot convert the value of '{column.name}' to 'Edm.Int32'.")
    return value


def decimal(column: Column, value: Any) -> Stored:
    """A string as well as a number: IEEE754Compatible=true sends decimals as strings."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError  # noqa: TRY301
        return float(Decimal(value))
    except (TypeError, ArithmeticError):
        raise Malformed(f"Cannot convert the value of '{column.name}' to 'Edm.Decimal'.") from None


READERS: Final[dict[str, Callable[[Column, Any], Stored]]] = {
    "guid": guid,
    "str": text,
    "dt": moment,
    "bool": truth,
    "int": whole,
    "dec": decimal,
}
WHEN_NULL: Final[dict[str, Stored]] = {"guid": None, "str": "", "dt": None, "bool": 0, "int": 0}
WHEN_NULL["dec"] = 0.0


def stored(column: Column, value: Any) -> Stored:
    """The wire's value as we keep it. An empty lookup or time is kept as NULL, as over there."""
    return WHEN_NULL[column.kind] if value is None else READERS[column.kind](column, value)


def shown_time(value: str | None) -> str:
    """As the framework writes it: no trailing zeros in the fraction."""
    return EMPTY_TIME if value is None else f"{value.rstrip('0').rstrip('.')}Z"


def _shown_number(value: float) -> float | int:
    return int(value) if value == int(value) else value


SHOWN: Final[dict[str, Callable[[Any], Any]]] = {
    "guid": lambda value: value or EMPTY,
    "str": lambda value: value,
    "dt": shown_time,
    "bool": bool,
    "int": lambda value: value,
    "dec": _shown_number,
}
