"""The form of the reply rule: what was typed, and the rule that it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from starlette.datastructures import FormData

from caseway.domain.reply_rule import COLUMN, Field, Ready, ReplyRule
from caseway.domain.stock import TYPE_NAMES
from caseway.ports import Choice
from caseway.web.dashboard.versions import opened_with

LONGEST_MARKER: Final = 100
NO_TYPE: Final = "Choose at least one type, or no activity is ever a reply."
BAD_ID: Final = "{text} is no id of Creatio's. One looks like fbe0acdc-cfc0-df11-b00f-001d60e938c6."
BAD_COLUMN: Final = (
    "A column is named as OData calls it: letters, digits and _, for example UsrIsInternal."
)
LONG_MARKER: Final = f"A marker has at most {LONGEST_MARKER} characters."
FIELDS: Final[Sequence[tuple[Field, str]]] = (
    (Field.AUTO, "Result"),
    (Field.NOTES, "Notes"),
    (Field.TITLE, "Title"),
    (Field.BODY, "Body"),
)
# Names of the form's fields, and the rule's they add to.
SETS: Final = {"type": "types", "category": "categories", "author": "authors_left_out"}


@dataclass(frozen=True, slots=True)
class Typed:
    """`rule` is what it means, as far as it can be understood."""

    rule: ReplyRule
    faults: Mapping[str, str] = field(default_factory=dict)
    column: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)  # typed where nothing was picked
    version: int = 0  # of the connection that the form was opened with
    overtaken: str = ""  # what somebody else changed since


def shown(rule: ReplyRule, version: int) -> Typed:
    return Typed(rule, column=rule.internal_column, version=version)


def read(form: FormData, there: int) -> Typed:
    """`there`: the connection's version now."""
    faults: dict[str, str] = {}
    chosen = {name: _ids(form, name, faults) for name in SETS}
    if not chosen["type"]:
        faults.setdefault("type", NO_TYPE)
    column = str(form.get("column", "")).strip()
    if column and COLUMN.fullmatch(column) is None:
        faults["column"] = BAD_COLUMN
    marker = " ".join(str(form.get("marker", "")).split())
    if len(marker) > LONGEST_MARKER:
        faults["marker"] = LONG_MARKER
    rule = ReplyRule(
        types=chosen["type"],
        ready=Ready.FINISHED if form.get("ready") == Ready.FINISHED else Ready.CREATED,
        categories=chosen["category"],
        internal_marker=marker[:LONGEST_MARKER],
        internal_column="" if "column" in faults else column,
        field=_field(str(form.get("field", ""))),
        authors_left_out=chosen["author"],
    )
    wrong = {name: str(form.get(f"{name}_id", "")) for name in SETS if f"{name}_id" in faults}
    return Typed(rule, faults, column, wrong, opened_with(form, there))


def _ids(form: FormData, name: str, faults: dict[str, str]) -> frozenset[UUID]:
    """Those picked, and those typed as a fall-back."""
    found = set()
    for text in form.getlist(name):
        if text:
            found |= _id(str(text), name, faults)
    for text in str(form.get(f"{name}_id", "")).replace(",", " ").split():
        found |= _id(text, f"{name}_id", faults)
    return frozenset(found)


def _id(text: str, name: str, faults: dict[str, str]) -> set[UUID]:
    try:
        return {UUID(text)}
    except ValueError:
        faults[name] = BAD_ID.format(text=text[:60])
        return set()


def _field(text: str) -> Field:
    return Field(text) if text in set(Field) else Field.AUTO


@dataclass(frozen=True, slots=True)
class Pickable:
    """One thing to pick, and whether it is picked."""

    id: UUID
    name: str
    is_picked: bool


def pickable(choices: Sequence[Choice], picked: frozenset[UUID]) -> list[Pickable]:
    """Also what is picked and in no list (any more): by its stock name, else by its id."""
    listed = {choice.id: choice.name for choice in choices}
    names = TYPE_NAMES | listed
    others = sorted(picked - listed.keys(), key=str)
    every = [*listed, *others]
    return [Pickable(one, names.get(one, str(one)), one in picked) for one in every]
