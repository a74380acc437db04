"""The functions that a filter may call."""

from collections.abc import Callable
from typing import Final

from creatio_sandbox.failures import NotModelled
from creatio_sandbox.odata.answers import BadQuery
from creatio_sandbox.odata.terms import BOOLEAN, NULL, STRING, TIME, Term

INT: Final = "Edm.Int32"
DECIMAL: Final = "Edm.Decimal"


def _contains(text: Term, part: Term) -> Term:
    sql = f"(instr(lower({text.sql}), lower({part.sql})) > 0)"
    return Term(sql, BOOLEAN, text.values + part.values)


def _startswith(text: Term, part: Term) -> Term:
    sql = f"(instr(lower({text.sql}), lower({part.sql})) = 1)"
    return Term(sql, BOOLEAN, text.values + part.values)


def _endswith(text: Term, part: Term) -> Term:
    tail = f"substr(lower({text.sql}), -length({part.sql})) = lower({part.sql})"
    sql = f"(length({part.sql}) = 0 OR {tail})"
    return Term(sql, BOOLEAN, part.values + text.values + part.values * 2)


def _indexof(text: Term, part: Term) -> Term:
    sql = f"(instr(lower({text.sql}), lower({part.sql})) - 1)"
    return Term(sql, INT, text.values + part.values)


def _one(function: str, edm: str) -> Callable[[Term], Term]:
    return lambda term: Term(f"{function}({term.sql})", edm, term.values)


def _part_of_time(first: int, length: int) -> Callable[[Term], Term]:
    def cut(term: Term) -> Term:
        return Term(f"CAST(substr({term.sql}, {first}, {length}) AS INTEGER)", INT, term.values)

    return cut


def _concat(text: Term, more: Term) -> Term:
    return Term(f"({text.sql} || {more.sql})", STRING, text.values + more.values)


def _substring(text: Term, start: Term, length: Term | None = None) -> Term:
    """OData counts from 0, SQL from 1."""
    if length is None:
        sql = f"substr({text.sql}, {start.sql} + 1)"
        return Term(sql, STRING, text.values + start.values)
    sql = f"substr({text.sql}, {start.sql} + 1, {length.sql})"
    return Term(sql, STRING, text.values + start.values + length.values)


def _midnight(term: Term) -> Term:
    return Term(f"(substr({term.sql}, 1, 10) || 'T00:00:00.000000')", TIME, term.values)


FUNCTIONS: Final[dict[str, tuple[tuple[str, ...], Callable[..., Term]]]] = {
    "contains": ((STRING, STRING), _contains),
    "startswith": ((STRING, STRING), _startswith),
    "endswith": ((STRING, STRING), _endswith),
    "indexof": ((STRING, STRING), _indexof),
    "length": ((STRING,), _one("length", INT)),
    "tolower": ((STRING,), _one("lower", STRING)),
    "toupper": ((STRING,), _one("upper", STRING)),
    "trim": ((STRING,), _one("trim", STRING)),
    "year": ((TIME,), _part_of_time(1, 4)),
    "month": ((TIME,), _part_of_time(6, 2)),
    "day": ((TIME,), _part_of_time(9, 2)),
    "hour": ((TIME,), _part_of_time(12, 2)),
    "minute": ((TIME,), _part_of_time(15, 2)),
    "second": ((TIME,), _part_of_time(18, 2)),
    "date": ((TIME,), _midnight),
    "now": ((), lambda: Term("creatio_now()", TIME)),
    "concat": ((STRING, STRING), _concat),
    "substring": ((STRING, INT, INT), _substring),
    "round": ((DECIMAL,), _one("round", DECIMAL)),
    "floor": ((DECIMAL,), _one("floor", DECIMAL)),
    "ceiling": ((DECIMAL,), _one("ceil", DECIMAL)),
}
FEWEST: Final = {"substring": 2}  # arguments, where fewer than all are enough


def call(name: str, arguments: list[Term]) -> Term:
    known = FUNCTIONS.get(name)
    if known is None:
        raise NotModelled(f"function '{name}' in $filter")
    wanted, function = known
    given = tuple(argument.edm for argument in arguments)
    fewest = FEWEST.get(name, len(wanted))
    fits = fewest <= len(given) <= len(wanted) and all(
        have in {want, NULL} or (want == DECIMAL and have == INT)
        for have, want in zip(given, wanted, strict=False)
    )
    if not fits:
        raise BadQuery(
            f"No function signature for the function with name '{name}' matches the specified "
            f"arguments. The function signatures considered are: {name}({', '.join(wanted)})."
        )
    return function(*arguments)
