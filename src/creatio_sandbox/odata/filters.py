"""$filter: parsed by odata-query, checked as the framework checks, compiled to SQL."""

import re
from functools import lru_cache
from typing import Any, Final

from odata_query import ast
from odata_query.exceptions import ODataException, UnknownFunctionException
from odata_query.grammar import ODataLexer, ODataParser

from creatio_sandbox.entities import Model
from creatio_sandbox.failures import Malformed, NotModelled
from creatio_sandbox.odata import functions, terms
from creatio_sandbox.odata.answers import BadQuery
from creatio_sandbox.odata.paths import Paths
from creatio_sandbox.odata.terms import BOOLEAN, Term
from creatio_sandbox.values import parse_time

NODE_LIMIT: Final = 100
TOO_MANY_NODES: Final = (
    "The node count limit of '100' has been exceeded. To increase the limit, set the "
    "'MaxNodeCount' property on EnableQueryAttribute or ODataValidationSettings."
)
COMPARATORS: Final = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Lt: "lt",
    ast.LtE: "le",
}
INT64: Final = range(-(2**63), 2**63)
# The lexer takes `all` out of AllowedResult, and `not(` for a function.
SPLIT: Final = re.compile(r"('(?:[^']|'')*')")
KEYWORD_PREFIX: Final = re.compile(r"\b(any|all|null|true|false)(?=\w)", re.IGNORECASE)
NOT_BRACKET: Final = re.compile(r"\bnot\(")
GUARD: Final = "_guarded_"


def parse(text: str) -> Any:
    pieces = SPLIT.split(text)
    for at in range(0, len(pieces), 2):  # every second piece is a quoted text
        pieces[at] = NOT_BRACKET.sub("not (", pieces[at])
        pieces[at] = KEYWORD_PREFIX.sub(rf"{GUARD}\1", pieces[at])
    try:
        tree = ODataParser().parse(ODataLexer().tokenize("".join(pieces)))
    except UnknownFunctionException as failure:
        raise BadQuery(
            f"An unknown function with name '{failure.function_name}' was found. This may also be "
            "a function import or a key lookup on a navigation property, which is not allowed."
        ) from None
    except ODataException as failure:
        where = getattr(getattr(failure, "token", None), "index", len(text))
        raise BadQuery(f"Syntax error at position {where} in '{text}'.") from None
    if tree is None:
        raise BadQuery(f"Syntax error at position {len(text)} in '{text}'.")
    return tree


def full_name(node: ast.Identifier) -> str:
    return ".".join((*node.namespace, node.name))


def path_of(node: Any) -> tuple[str, ...]:
    match node:
        case ast.Identifier():
            return (full_name(node).removeprefix(GUARD),)
        case ast.Attribute():
            return (*path_of(node.owner), node.attr.removeprefix(GUARD))
        case _:
            raise NotModelled("a path that does not begin with a property")


def count_nodes(node: Any) -> int:
    """As the framework counts: a property stands on its row, a literal but a text is converted."""
    match node:
        case ast.Identifier():
            return 2
        case ast.Attribute():
            return 1 + count_nodes(node.owner)
        case ast.String():
            return 1
        case ast.Compare() | ast.BoolOp() | ast.BinOp():
            return 1 + count_nodes(node.left) + count_nodes(node.right)
        case ast.UnaryOp():
            return 1 + count_nodes(node.operand)
        case ast.Call():
            return 1 + sum(count_nodes(argument) for argument in node.args)
        case ast.CollectionLambda(lambda_=None):
            return 1 + count_nodes(node.owner)
        case ast.CollectionLambda(lambda_=ast.Lambda(expression=expression)):
            return 1 + count_nodes(node.owner) + count_nodes(expression)
        case _:
            return 2


def literal(node: Any) -> Term:
    match node:
        case ast.Null():
            return Term("NULL", terms.NULL)
        case ast.GUID():
            return Term("?", terms.GUID, (node.val.lower(),))
        case ast.String():
            return Term("?", terms.STRING, (node.val,))
        case ast.Integer() if int(node.val) not in INT64:
            raise BadQuery(f"Unrecognized 'Edm.Int64' literal '{node.val}'.")
        case ast.Integer():
            return Term("?", "Edm.Int32", (int(node.val),))
        case ast.Float():
            return Term("?", "Edm.Decimal", (float(node.val),))
        case ast.Boolean():
            return Term("1" if node.py_val else "0", BOOLEAN)
        case ast.DateTime() | ast.Date():
            try:
                return Term("?", terms.TIME, (parse_time(node.val),))
            except Malformed:
                raise BadQuery(f"Unrecognized 'Edm.String' literal '{node.val}'.") from None
        case _:
            raise NotModelled(f"a literal of type '{type(node).__name__}' in $filter")


def compile_node(node: Any, paths: Paths) -> Term:
    match node:
        case ast.Identifier() | ast.Attribute():
            sql, column = paths.column(path_of(node))
            return Term(sql, column.edm)
        case ast.Compare(comparator=ast.In()):
            raise BadQuery("The operator 'in' is not supported.")
        case ast.Compare():
            left, right = compile_node(node.left, paths), compile_node(node.right, paths)
            return terms.compare(COMPARATORS[type(node.comparator)], left, right)
        case ast.BoolOp():
            operator = "and" if isinstance(node.op, ast.And) else "or"
            left, right = compile_node(node.left, paths), compile_node(node.right, paths)
            return terms.join(operator, left, right)
        case ast.UnaryOp(op=ast.Not()):
            return terms.negate(compile_node(node.operand, paths))
        case ast.Call():
            arguments = [compile_node(argument, paths) for argument in node.args]
            return functions.call(full_name(node.func), arguments)
        case ast.BinOp():
            left, right = compile_node(node.left, paths), compile_node(node.right, paths)
            return terms.calculate(type(node.op).__name__, left, right)
        case ast.UnaryOp():
            return terms.minus(compile_node(node.operand, paths))
        case ast.CollectionLambda():
            return compile_lambda(node, paths)
        case _:
            return literal(node)


def compile_lambda(node: ast.CollectionLambda, paths: Paths) -> Term:
    """any: one record of the collection fulfils it. all: none fails it."""
    back, alias = paths.collection(path_of(node.owner))
    inner_node = node.lambda_
    inner = paths.within(back, None if inner_node is None else full_name(inner_node.identifier))
    condition = Term("1", BOOLEAN)
    if inner_node is not None:
        condition = compile_node(inner_node.expression, inner)
        if condition.edm != BOOLEAN:
            raise BadQuery("The lambda expression must evaluate to a single boolean value.")
    every = isinstance(node.operator, ast.All)
    wanted = f"({condition.sql}) IS NOT 1" if every else condition.sql
    sql = (
        f"{'NOT ' if every else ''}EXISTS (SELECT 1 {inner.sources()}"
        f' WHERE {inner.alias}."{back.column.name}" = {alias}."Id" AND {wanted})'
    )
    return Term(f"({sql})", BOOLEAN, condition.values)


@lru_cache(maxsize=4096)
def compile_filter(model: Model, entity: str, text: str) -> tuple[Term, dict[str, str]]:
    """The condition and the joins that it needs. The caller may not change the joins."""
    paths = Paths(model, model[entity])
    tree = parse(text)
    if count_nodes(tree) > NODE_LIMIT:
        raise BadQuery(TOO_MANY_NODES)
    condition = compile_node(tree, paths)
    if condition.edm != BOOLEAN:
        raise BadQuery("The $filter expression must evaluate to a single boolean value.")
    return condition, paths.joins
