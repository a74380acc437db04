"""Reads the schema files: those shipped, and one of the user's own that adds to them."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from creatio_sandbox.entities import COMMON, EDM, LENGTHS, Model, entity

FILES: Final = ("case", "activity", "contact", "timeline", "people", "library")
NAME: Final = re.compile(r"[A-Z]\w*")
KINDS: Final = {*EDM, *LENGTHS, "date"}
ENTITY_KEYS: Final = {"uid", "indexes", "columns"}
Rows = Mapping[str, list[dict[str, Any]]]


class BadSchema(ValueError):
    """The user's schema file says what no schema can say."""


@cache
def known_entities() -> Model:
    return Model({name: entity(name, table) for name, table in _shipped().items()})


def stock_rows() -> Rows:
    """What a fresh installation holds, by entity."""
    text = (files(__package__) / "schema" / "stock.toml").read_text("utf-8")
    rows: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    return rows


def read_model(path: str | None) -> tuple[Model, Rows]:
    """The shipped model, or that with the file's entities, columns and rows. Raises BadSchema."""
    if path is None:
        return known_entities(), {}
    try:
        own = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as failure:
        raise BadSchema(f"The schema file '{path}' cannot be read: {failure}") from None
    rows = own.pop("rows", {})
    tables = _shipped()
    for name, table in own.items():
        tables[name] = _merged(name, tables.get(name), table)
    for name, notation in _own_lookups(own):
        if notation not in tables:
            raise BadSchema(
                f"{name} points to '{notation}', which is neither shipped nor in this file."
            )
    model = Model({name: entity(name, table) for name, table in tables.items()})
    _check_rows(model, rows)
    return model, rows


def _shipped() -> dict[str, Any]:
    folder = files(__package__) / "schema"
    tables: dict[str, Any] = {}
    for name in FILES:
        tables |= tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    return tables


def _merged(name: str, before: Any, table: Any) -> dict[str, Any]:
    if not NAME.fullmatch(name) or not isinstance(table, dict) or table.keys() - ENTITY_KEYS:
        known = ", ".join(sorted(ENTITY_KEYS))
        raise BadSchema(f"[{name}] is no entity: a capital first, and in it only {known}.")
    columns = table.get("columns", {})
    shipped = before["columns"] if before else {}
    for column, notation in columns.items():
        _check_column(name, column, notation)
        if column in shipped or column in COMMON:
            raise BadSchema(f"{name}.{column} is there already; a column cannot be changed.")
    indexes = [*(before.get("indexes", ()) if before else ()), *table.get("indexes", ())]
    for each in (column for index in indexes for column in index):
        if each not in {*COMMON, *shipped, *columns}:
            raise BadSchema(f"An index of {name} names '{each}', which is no column of it.")
    return {**(before or {}), **table, "columns": {**shipped, **columns}, "indexes": indexes}


def _check_column(entity_name: str, column: str, notation: Any) -> None:
    where = f"{entity_name}.{column}"
    if not NAME.fullmatch(column) or not isinstance(notation, str):
        raise BadSchema(f'{where} is no column: write Name = "type".')
    head = notation.partition(" = ")[0].removesuffix("*")
    if head.startswith("-> "):
        if not column.endswith("Id"):
            raise BadSchema(f"{where} is a lookup: its name must end with Id.")
    elif head not in KINDS:
        kinds = ", ".join(sorted(KINDS))
        raise BadSchema(f"{where} has the type '{head}'. Types are {kinds}, or '-> Entity'.")


def _own_lookups(own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, table in own.items():
        for column, notation in table.get("columns", {}).items():
            head = str(notation).partition(" = ")[0].removesuffix("*")
            if head.startswith("-> "):
                yield f"{name}.{column}", head[3:]


def _check_rows(model: Model, rows: Any) -> None:
    for name, given in rows.items():
        if name not in model:
            raise BadSchema(f"[[rows.{name}]] names no entity.")
        for row in given:
            unknown = sorted(row.keys() - model[name].columns.keys())
            if unknown:
                raise BadSchema(f"A row of {name} names '{unknown[0]}', which is no column of it.")
