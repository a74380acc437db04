"""What the designer offers to pick from: columns by path, values of lookups, earlier results."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from creatio_sandbox.elements import START, CallWebService, ReadData, Source, before
from creatio_sandbox.entities import Column, Entity
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Records

WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
LISTED_VALUES: Final = 40
OUTCOMES: Final = {"Success": "Success", "StatusCode": "Http status code", "Response": "Response"}


@dataclass(frozen=True, slots=True)
class Offer:
    source: Source
    label: str  # as its mark, without the brackets
    group: str

    @property
    def code(self) -> str:
        return f"{self.source.element}.{self.source.column}"


def caption(name: str) -> str:
    """`EmailSendStatusId` as a person reads it: Email send status."""
    plain = name if name == "Id" else name.removesuffix("Id")
    first, *rest = WORDS.split(plain) or [plain]
    return " ".join([first, *(word if word.isupper() else word.lower() for word in rest)])


def path_caption(path: str) -> str:
    return ".".join(caption(part) for part in path.split("/"))


def columns(entity: Entity) -> list[Column]:
    """By caption."""
    return sorted(entity.columns.values(), key=lambda column: caption(column.name))


def paths(records: Records, entity: str) -> list[str]:
    """The entity's own columns, then those of the records it points to."""
    known = records.known[entity]
    own = [column.name for column in columns(known)]
    return own + [
        f"{navigation}/{column.name}"
        for navigation, lookup in sorted(known.navigations.items())
        if (target := records.known.get(lookup.target or "")) is not None
        for column in columns(target)
    ]


def column_at(records: Records, entity: str, path: str) -> Column | None:
    """The last column of a path."""
    first, _, rest = path.partition("/")
    known = records.known[entity]
    if not rest:
        return known.columns.get(first)
    lookup = known.navigations.get(first)
    target = records.known.get(lookup.target or "") if lookup else None
    return column_at(records, target.name, rest) if target else None


def path_from(records: Records, entity: str, typed: str) -> str | None:
    """`Email send status`, `Status.Is final` and `Status/IsFinal` alike; None: there is none."""
    wanted = _squeezed(typed)
    for path in paths(records, entity):
        if wanted in {_squeezed(path), _squeezed(path_caption(path))}:
            return path
    deeper = typed.strip().replace(".", "/")
    return deeper if column_at(records, entity, deeper) else None


def nearest(records: Records, entity: str, typed: str) -> str | None:
    known = [path_caption(path) for path in paths(records, entity)]
    return next(iter(get_close_matches(typed, known, 1)), None)


def _squeezed(text: str) -> str:
    return text.strip().replace("/", ".").replace(" ", "").casefold()


def lookup_values(records: Records, column: Column | None) -> list[tuple[str, str]] | None:
    """Id and name, where the list is short enough to pick from. None: it is not."""
    target = _named_target(records, column)
    if target is None:
        return None
    rows = records.database.all(
        f'SELECT "Id", "Name" FROM "{target.name}" ORDER BY rowid LIMIT ?', (LISTED_VALUES + 1,)
    )
    return None if len(rows) > LISTED_VALUES else [(str(key), str(name)) for key, name in rows]


def _named_target(records: Records, column: Column | None) -> Entity | None:
    """What a lookup points to, if its records have names."""
    target = records.known.get(column.target or "") if column else None
    return target if target is not None and "Name" in target.columns else None


def name_of(records: Records, column: Column | None, value: Any) -> str:
    """A value as a person reads it."""
    if column is None:
        return str(value)
    if column.kind == "bool":
        return "yes" if value in {1, "1"} else "no"
    target = _named_target(records, column)
    if target is not None:
        row = records.row(target.name, str(value))
        return str(row["Name"]) if row else str(value)
    return str(value)


def results_before(process: Process, records: Records, id: str) -> list[Offer]:
    """What the element may use: the signal's record id, and what ran before it."""
    offered = [Offer(Source(element=START, column="Id"), "Signal.Record id", "Signal")]
    for element in before(process.elements, id) or []:
        match element:
            case ReadData() if element.entity in records.known:
                names = element.columns or [c.name for c in columns(records.known[element.entity])]
                offered += [
                    Offer(
                        Source(element=element.id, column=name),
                        f"{element.title}.First item.{caption(name)}",
                        element.title,
                    )
                    for name in names
                ]
            case CallWebService():
                offered += [
                    Offer(
                        Source(element=element.id, column=name),
                        f"{element.title}.{words}",
                        element.title,
                    )
                    for name, words in OUTCOMES.items()
                ]
            case _:
                continue
    return offered


def grouped(offers: Sequence[Offer]) -> Iterator[tuple[str, list[Offer]]]:
    """For a list to pick from, group by group."""
    names = list(dict.fromkeys(offer.group for offer in offers))
    for name in names:
        yield name, [offer for offer in offers if offer.group == name]


def marks(process: Process, records: Records, id: str) -> list[str]:
    """What a body of the short form may hold, as typed."""
    own = process.object
    linked = ["Case.Id", "Case.Number"] if own == "Activity" else []
    plain = ["Id", "Title", "DetailedResult"] if own == "Activity" else ["Id", "Number", "Subject"]
    listed = [f"{own}.{name}" for name in plain] + linked
    later = [o.label for o in results_before(process, records, id) if o.source.element != START]
    return [f"[#{name}#]" for name in ["Signal.Record id", *listed, *later]]
