"""IEEE754Compatible=true in Accept: decimals go out as text, so that no client rounds them."""

from typing import Any

from creatio_sandbox.entities import Entity, Model
from creatio_sandbox.odata.answers import Call

Shown = dict[str, Any]


def as_asked(
    model: Model, entity: Entity, rows: list[Shown | None], call: Call
) -> list[Shown | None]:
    """The rows themselves, changed in place where the caller asks for it."""
    if call.wants_decimals_as_text:
        for row in rows:
            if row is not None:
                _write_out(model, entity, row)
    return rows


def _write_out(model: Model, entity: Entity, row: Shown) -> None:
    for name, value in row.items():
        column = entity.columns.get(name)
        if column is not None:
            row[name] = str(value) if column.kind == "dec" and value is not None else value
            continue
        target = _behind(model, entity, name)
        if target is not None and value is not None:
            for each in value if isinstance(value, list) else [value]:
                _write_out(model, target, each)


def _behind(model: Model, entity: Entity, name: str) -> Entity | None:
    lookup, back = entity.navigations.get(name), model.collections(entity.name).get(name)
    return model.get(back.entity if back else (lookup.target or "") if lookup else "")
