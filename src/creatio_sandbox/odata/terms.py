"""Pieces of a compiled filter: SQL, its parameters, and the type that OData sees."""

from dataclasses import dataclass
from typing import Final

from creatio_sandbox.failures import Broken
from creatio_sandbox.odata.answers import BadQuery
from creatio_sandbox.values import Stored

NULL: Final = "null"
BOOLEAN: Final = "Edm.Boolean"
STRING: Final = "Edm.String"
GUID: Final = "Edm.Guid"
TIME: Final = "Edm.DateTimeOffset"
NUMBERS: Final = frozenset({"Edm.Int32", "Edm.Decimal"})
# as the framework names them in "incompatible types"
KINDS: Final = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
    "and": "And",
    "or": "Or",
    "Add": "Add",
    "Sub": "Subtract",
    "Mult": "Multiply",
    "Div": "Divide",
    "Mod": "Modulo",
}
ARITHMETIC: Final = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "Mod": "%"}
SQL: Final = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True, slots=True)
class Term:
    sql: str
    edm: str
    values: tuple[Stored, ...] = ()


def incompatible(left: Term, right: Term, kind: str) -> BadQuery:
    return BadQuery(
        "A binary operator with incompatible types was detected. Found operand types "
        f"'{left.edm}' and '{right.edm}' for operator kind '{kind}'."
    )


def compare(operator: str, left: Term, right: Term) -> Term:
    """As SQL compares: what is empty is neither equal to a value nor different from it."""
    if NULL in {left.edm, right.edm}:
        return _compare_null(operator, left, right)
    same = left.edm == right.edm or {left.edm, right.edm} <= NUMBERS
    ordered = operator in {"eq", "ne"} or left.edm != BOOLEAN
    if not same or not ordered:
        raise incompatible(left, right, KINDS[operator])
    collation = " COLLATE NOCASE" if left.edm == STRING else ""
    sql = f"({left.sql} {SQL[operator]} {right.sql}{collation})"
    return Term(sql, BOOLEAN, left.values + right.values)


def _compare_null(operator: str, left: Term, right: Term) -> Term:
    """An empty text counts as null."""
    term = left if right.edm == NULL else right
    if operator not in {"eq", "ne"}:
        return Term("0", BOOLEAN)
    if term.edm == NULL:
        return Term("1" if operator == "eq" else "0", BOOLEAN)
    sql, values = f"{term.sql} IS NULL", term.values
    if term.edm == STRING:
        sql, values = f"({sql} OR {term.sql} = '')", values * 2
    return Term(f"({sql})" if operator == "eq" else f"(NOT ({sql}))", BOOLEAN, values)


def join(operator: str, left: Term, right: Term) -> Term:
    if left.edm != BOOLEAN or right.edm != BOOLEAN:
        raise incompatible(left, right, KINDS[operator])
    sql = f"({left.sql} {operator.upper()} {right.sql})"
    return Term(sql, BOOLEAN, left.values + right.values)


def negate(term: Term) -> Term:
    if term.edm != BOOLEAN:
        raise BadQuery(
            "A unary operator with an incompatible type was detected. Found operand type "
            f"'{term.edm}' for operator kind 'Not'."
        )
    return Term(f"(NOT {term.sql})", BOOLEAN, term.values)


def calculate(operator: str, left: Term, right: Term) -> Term:
    if not {left.edm, right.edm} <= NUMBERS:
        raise incompatible(left, right, KINDS[operator])
    if operator in {"Div", "Mod"} and right.values == (0,):
        raise Broken("22012: division by zero", "Npgsql.PostgresException")
    edm = "Edm.Int32" if left.edm == right.edm == "Edm.Int32" else "Edm.Decimal"
    sql = f"({left.sql} {ARITHMETIC[operator]} {right.sql})"
    return Term(sql, edm, left.values + right.values)


def minus(term: Term) -> Term:
    if term.edm not in NUMBERS:
        raise BadQuery(
            "A unary operator with an incompatible type was detected. Found operand type "
            f"'{term.edm}' for operator kind 'Negate'."
        )
    return Term(f"(-{term.sql})", term.edm, term.values)
