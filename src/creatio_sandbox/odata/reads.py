"""GET: a collection, a count, one record, one property of it, its bytes."""

from itertools import chain
from typing import Any, Final

from creatio_sandbox.database import Database
from creatio_sandbox.entities import Entity
from creatio_sandbox.failures import Missing
from creatio_sandbox.odata.answers import (
    VERSION,
    Answer,
    BadQuery,
    Call,
    answer_json,
)
from creatio_sandbox.odata.filters import compile_filter
from creatio_sandbox.odata.options import Options, read_options
from creatio_sandbox.odata.paths import ROOT, Paths, unknown_property
from creatio_sandbox.odata.shapes import Reading, reading, show
from creatio_sandbox.values import EMPTY_TIME, SHOWN, shown_time

ROW_CAP: Final = 20_000


def _sources(entity: Entity, *joins: dict[str, str]) -> str:
    merged = {name: join for each in joins for name, join in each.items()}
    return " ".join((f'FROM "{entity.name}" AS {ROOT}', *merged.values()))


def _where(entity: Entity, options: Options) -> tuple[str, tuple[Any, ...], dict[str, str]]:
    if options.filter is None:
        return "", (), {}
    condition, joins = compile_filter(entity.name, options.filter)
    return f" WHERE {condition.sql}", condition.values, joins


def _order(entity: Entity, options: Options) -> tuple[str, dict[str, str]]:
    if not options.orderby:
        return "", {}
    paths = Paths(entity)
    parts = [
        f"{paths.column(path)[0]} {'DESC' if descending else 'ASC'}"
        for path, descending in options.orderby
    ]
    return f" ORDER BY {', '.join(parts)}", paths.joins


def count(database: Database, entity: Entity, options: Options) -> int:
    where, values, joins = _where(entity, options)
    found = database.one(f"SELECT count(*) {_sources(entity, joins)}{where}", values)
    return int(found[0]) if found else 0


def read_collection(database: Database, entity: Entity, call: Call) -> Answer:
    options = read_options(call.query)
    read = reading(entity.name, options)
    where, values, joins = _where(entity, options)
    order, order_joins = _order(entity, options)
    limit = ROW_CAP if options.top is None else min(options.top, ROW_CAP)
    sql = (
        f"SELECT {', '.join(read.columns)} {_sources(entity, read.joins, joins, order_joins)}"
        f"{where}{order} LIMIT {limit} OFFSET {options.skip}"
    )
    body: dict[str, Any] = {"@odata.context": context(call, entity, read)}
    if options.count:
        body["@odata.count"] = count(database, entity, options)
    body["value"] = [show(read.shape, iter(row)) for row in database.all(sql, values)]
    return answer_json(200, body)


def context(call: Call, entity: Entity, read: Reading) -> str:
    return f"{call.root}/$metadata#{entity.name}{read.shape.context}"


def read_count(database: Database, entity: Entity, call: Call) -> Answer:
    number = count(database, entity, read_options(call.query))
    return Answer(200, str(number).encode(), {"Content-Type": "text/plain", **VERSION})


def one_row(database: Database, entity: Entity, read: Reading, id: str) -> dict[str, Any]:
    sql = f'SELECT {", ".join(read.columns)} {_sources(entity, read.joins)} WHERE {ROOT}."Id" = ?'
    found = database.one(sql, (id,))
    row = None if found is None else show(read.shape, iter(found))
    if row is None:
        raise Missing(f"{entity.name}({id})")
    return row


def read_one(database: Database, entity: Entity, id: str, call: Call) -> Answer:
    options = read_options(call.query)
    if options.filter or options.orderby or options.top is not None or options.skip:
        raise BadQuery(
            "The query options $filter, $orderby, $top, $skip and $count can be applied only on "
            "collections."
        )
    read = reading(entity.name, options)
    row = one_row(database, entity, read, id)
    return answer_json(200, {"@odata.context": f"{context(call, entity, read)}/$entity", **row})


def read_created(
    database: Database, entity: Entity, id: str, call: Call, stamped: str
) -> dict[str, Any]:
    """The whole new record. Times that were set just now still have the seventh digit, which the
    database does not keep: a later read shows another value.
    """
    read = reading(entity.name, Options())
    row = one_row(database, entity, read, id)
    shown = shown_time(stamped)
    exact = f"{stamped}{int(id[0], 16) % 9 + 1}Z"
    for name, value in row.items():
        if value == shown and value != EMPTY_TIME:
            row[name] = exact
    return {"@odata.context": f"{context(call, entity, read)}/$entity", **row}


def read_property(
    database: Database, entity: Entity, id: str, name: str, call: Call, *, raw: bool
) -> Answer:
    if name in entity.streams:
        found = database.one(
            'SELECT bytes FROM _streams WHERE entity = ? AND id = ? AND "column" = ?',
            (entity.name, id, name),
        )
        one_row(database, entity, reading(entity.name, Options(select=("Id",))), id)
        content = bytes(found[0]) if found else b""
        return Answer(
            200 if content else 204, content, {"Content-Type": "application/octet-stream"}
        )
    column = entity.columns.get(name)
    if column is None:
        raise unknown_property(name, entity)
    found = database.one(f'SELECT "{name}" FROM "{entity.name}" WHERE "Id" = ?', (id,))
    if found is None:
        raise Missing(f"{entity.name}({id})")
    value = SHOWN[column.kind](found[0])
    if raw:
        return Answer(200, str(value).encode(), {"Content-Type": "text/plain", **VERSION})
    where = f"{call.root}/$metadata#{entity.name}({id})/{name}"
    return answer_json(200, {"@odata.context": where, "value": value})


def read_navigation(database: Database, entity: Entity, id: str, name: str, call: Call) -> Answer:
    """`Case(id)/Status`: the record that the lookup points to, 204 where it points nowhere."""
    paths = Paths(entity)
    target, _ = paths.follow(entity, ROOT, name)
    lookup = entity.navigations[name].name
    found = database.one(f'SELECT "{lookup}" FROM "{entity.name}" WHERE "Id" = ?', (id,))
    if found is None:
        raise Missing(f"{entity.name}({id})")
    return (
        Answer(204, b"", VERSION)
        if found[0] is None
        else read_one(database, target, found[0], call)
    )


def entity_sets(call: Call, names: tuple[str, ...]) -> Answer:
    sets = chain({"name": name, "kind": "EntitySet", "url": name} for name in names)
    return answer_json(200, {"@odata.context": f"{call.root}/$metadata", "value": list(sets)})
