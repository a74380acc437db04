"""GET: a collection, a count, one record, what an expansion holds."""

from itertools import chain
from typing import Any, Final

from creatio_sandbox.entities import Collection, Entity
from creatio_sandbox.failures import Missing
from creatio_sandbox.odata.answers import VERSION, Answer, BadQuery, Call, answer_json
from creatio_sandbox.odata.decimals import as_asked
from creatio_sandbox.odata.filters import compile_filter
from creatio_sandbox.odata.options import Options, read_options
from creatio_sandbox.odata.paths import ROOT, Paths
from creatio_sandbox.odata.shapes import ONLY_COLLECTIONS, Reading, reading, show
from creatio_sandbox.odata.terms import BOOLEAN, Term
from creatio_sandbox.records import Records
from creatio_sandbox.values import EMPTY_TIME, shown_time

ROW_CAP: Final = 20_000
ALL: Final = Term("1", BOOLEAN)


def _sources(entity: Entity, *joins: dict[str, str]) -> str:
    merged = {name: join for each in joins for name, join in each.items()}
    return " ".join((f'FROM "{entity.name}" AS {ROOT}', *merged.values()))


def _where(
    records: Records, entity: Entity, options: Options, within: Term
) -> tuple[str, tuple[Any, ...], dict[str, str]]:
    if options.filter is None:
        return ("", (), {}) if within is ALL else (f" WHERE {within.sql}", within.values, {})
    condition, joins = compile_filter(records.known, entity.name, options.filter)
    if within is ALL:
        return f" WHERE {condition.sql}", condition.values, joins
    where = f" WHERE {within.sql} AND {condition.sql}"
    return where, within.values + condition.values, joins


def _order(records: Records, entity: Entity, options: Options) -> tuple[str, dict[str, str]]:
    if not options.orderby:
        return "", {}
    paths = Paths(records.known, entity)
    parts = [
        f"{paths.column(path)[0]} {'DESC' if descending else 'ASC'}"
        for path, descending in options.orderby
    ]
    return f" ORDER BY {', '.join(parts)}", paths.joins


def count(records: Records, entity: Entity, options: Options, within: Term = ALL) -> int:
    where, values, joins = _where(records, entity, options, within)
    found = records.database.one(f"SELECT count(*) {_sources(entity, joins)}{where}", values)
    return int(found[0]) if found else 0


def rows(
    records: Records, entity: Entity, read: Reading, options: Options, within: Term = ALL
) -> list[dict[str, Any] | None]:
    where, values, joins = _where(records, entity, options, within)
    order, order_joins = _order(records, entity, options)
    limit = ROW_CAP if options.top is None else min(options.top, ROW_CAP)
    sql = (
        f"SELECT {', '.join(read.columns)} {_sources(entity, read.joins, joins, order_joins)}"
        f"{where}{order} LIMIT {limit} OFFSET {options.skip}"
    )
    found = records.database.all(sql, values)
    return [show(read.shape, iter(row), lambda *of: expanded(records, *of)) for row in found]


def pointing_at(back: Collection, id: str) -> Term:
    """The records whose lookup names that one."""
    return Term(f'{ROOT}."{back.column.name}" = ?', BOOLEAN, (id,))


def expanded(records: Records, back: Collection, options: Options, id: str) -> dict[str, Any]:
    entity = records.known[back.entity]
    read = reading(records.known, back.entity, options)
    within = pointing_at(back, id)
    shown: dict[str, Any] = {}
    if options.count:
        shown[f"{back.name}@odata.count"] = count(records, entity, options, within)
    shown[back.name] = rows(records, entity, read, options, within)
    return shown


def read_collection(records: Records, entity: Entity, call: Call, within: Term = ALL) -> Answer:
    options = read_options(call.query)
    read = reading(records.known, entity.name, options)
    body: dict[str, Any] = {"@odata.context": context(call, entity, read)}
    if options.count:
        body["@odata.count"] = count(records, entity, options, within)
    found = rows(records, entity, read, options, within)
    body["value"] = as_asked(records.known, entity, found, call)
    return answer_json(200, body)


def context(call: Call, entity: Entity, read: Reading) -> str:
    return f"{call.root}/$metadata#{entity.name}{read.shape.context}"


def read_count(records: Records, entity: Entity, call: Call, within: Term = ALL) -> Answer:
    number = count(records, entity, read_options(call.query), within)
    return Answer(200, str(number).encode(), {"Content-Type": "text/plain", **VERSION})


def one_row(records: Records, entity: Entity, read: Reading, id: str) -> dict[str, Any]:
    sql = f'SELECT {", ".join(read.columns)} {_sources(entity, read.joins)} WHERE {ROOT}."Id" = ?'
    found = records.database.one(sql, (id,))
    row = (
        None if found is None else show(read.shape, iter(found), lambda *of: expanded(records, *of))
    )
    if row is None:
        raise Missing(f"{entity.name}({id})")
    return row


def read_one(records: Records, entity: Entity, id: str, call: Call) -> Answer:
    options = read_options(call.query)
    if options.for_collections:
        raise BadQuery(ONLY_COLLECTIONS)
    return answer_json(200, _whole(records, entity, id, call, options))


def read_changed(records: Records, entity: Entity, id: str, call: Call) -> dict[str, Any]:
    return _whole(records, entity, id, call, Options())


def _whole(
    records: Records, entity: Entity, id: str, call: Call, options: Options
) -> dict[str, Any]:
    read = reading(records.known, entity.name, options)
    (row,) = as_asked(records.known, entity, [one_row(records, entity, read, id)], call)
    return {"@odata.context": f"{context(call, entity, read)}/$entity", **(row or {})}


def read_created(
    records: Records, entity: Entity, id: str, call: Call, stamped: str
) -> dict[str, Any]:
    """The whole new record. Times that were set just now still have the seventh digit, which the
    database does not keep: a later read shows another value.
    """
    read = reading(records.known, entity.name, Options())
    row = one_row(records, entity, read, id)
    shown = shown_time(stamped)
    exact = f"{stamped}{int(id[0], 16) % 9 + 1}Z"
    for name, value in row.items():
        if value == shown and value != EMPTY_TIME:
            row[name] = exact
    as_asked(records.known, entity, [row], call)
    return {"@odata.context": f"{context(call, entity, read)}/$entity", **row}


def entity_sets(call: Call, names: tuple[str, ...]) -> Answer:
    sets = chain({"name": name, "kind": "EntitySet", "url": name} for name in names)
    return answer_json(200, {"@odata.context": f"{call.root}/$metadata", "value": list(sets)})
