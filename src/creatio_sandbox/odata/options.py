"""The query string, as text options and as what they mean."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from creatio_sandbox.failures import NotModelled
from creatio_sandbox.odata.answers import BadQuery

KNOWN: Final = {
    "$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count", "$format",
}  # fmt: skip
WITHIN_EXPAND: Final = KNOWN - {"$format"}
NEVER_EMPTY: Final = KNOWN - {"$format"}
EXPANSION_DEPTH: Final = 2
LARGEST: Final = 2**31 - 1
NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Expansion:
    navigation: str
    options: "Options"


@dataclass(frozen=True, slots=True)
class Options:
    select: tuple[str, ...] | None = None  # None: every column
    expand: tuple[Expansion, ...] = ()
    filter: str | None = None
    orderby: tuple[tuple[tuple[str, ...], bool], ...] = ()  # path, descending
    top: int | None = None
    skip: int = 0
    count: bool = False

    @property
    def for_collections(self) -> bool:
        """Whether it asks for what a single record cannot give."""
        paged = self.top is not None or self.skip > 0 or self.count
        return paged or self.filter is not None or bool(self.orderby)


def read_pairs(query: str) -> Mapping[str, str]:
    """`%24` and `+` are understood; what does not begin with `$` is none of our business."""
    pairs: dict[str, str] = {}
    for part in query.split("&"):
        raw, _, value = part.partition("=")
        name = unquote_plus(raw)
        if not name.startswith("$"):
            continue
        if name not in KNOWN:
            raise BadQuery(f"The query parameter '{name}' is not supported.")
        if name in pairs:
            raise BadQuery(f"Query option '{name}' was specified more than once.")
        pairs[name] = unquote_plus(value)
        if name in NEVER_EMPTY and not pairs[name].strip():
            raise BadQuery(f"The value for OData query '{name}' cannot be empty.")
    return pairs


def number(name: str, text: str) -> int:
    if not text.strip().isdecimal() or int(text) > LARGEST:
        raise BadQuery(f"Invalid value '{text}' for {name} query option found.")
    return int(text)


def names(text: str) -> tuple[str, ...] | None:
    found = tuple(name.strip() for name in text.split(","))
    if "*" in found:
        return None
    for name in found:
        if "/" in name:
            raise NotModelled(f"a path in $select: '{name}'")
        if not NAME.fullmatch(name):
            raise BadQuery(f"Term '{name}' is not valid in a $select or $expand expression.")
    return found


def split_outside_brackets(text: str, separator: str) -> Iterator[str]:
    depth, start, quoted = 0, 0, False
    for at, letter in enumerate(text):
        quoted ^= letter == "'"
        if quoted:
            continue
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        if letter == separator and depth == 0:
            yield text[start:at]
            start = at + 1
    if depth:
        raise BadQuery(f"Found an unbalanced bracket expression in '{text}'.")
    yield text[start:]


def expansions(text: str, depth: int) -> tuple[Expansion, ...]:
    if depth > EXPANSION_DEPTH:
        raise BadQuery(
            "The request includes a $expand path which is too deep. The maximum depth allowed is "
            f"{EXPANSION_DEPTH}. To increase the limit, set the 'MaxExpansionDepth' property on "
            "EnableQueryAttribute or ODataValidationSettings, or set the 'MaxDepth' property in "
            "ExpandAttribute."
        )
    return tuple(expansion(part.strip(), depth) for part in split_outside_brackets(text, ","))


def expansion(text: str, depth: int) -> Expansion:
    name, bracket, rest = text.partition("(")
    if "/" in name:
        raise NotModelled(f"a path in $expand: '{name}'")
    if not NAME.fullmatch(name) or bool(bracket) != rest.endswith(")"):
        raise BadQuery(f"Term '{text}' is not valid in a $select or $expand expression.")
    pairs: dict[str, str] = {}
    for option in split_outside_brackets(rest[:-1], ";") if bracket else ():
        key, _, value = option.strip().partition("=")
        if not key:
            continue
        if key not in WITHIN_EXPAND:
            raise NotModelled(f"'{key}' within $expand")
        pairs[key] = value
    return Expansion(name, from_pairs(pairs, depth + 1))


def order(text: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    for part in text.split(","):
        words = part.split()
        if len(words) not in {1, 2} or words[1:] not in ([], ["asc"], ["desc"]):
            raise BadQuery(f"Syntax error at position 0 in '{part}'.")
        path = tuple(words[0].split("/"))
        if not all(NAME.fullmatch(step) for step in path):
            raise NotModelled(f"an expression in $orderby: '{words[0]}'")
        yield path, words[1:] == ["desc"]


@lru_cache(maxsize=2048)
def read_options(query: str) -> Options:
    if not query:
        return Options()
    pairs = read_pairs(query)
    if pairs.get("$format", "json") not in {"json", "application/json"}:
        raise NotModelled(f"$format={pairs['$format']}")
    return from_pairs(pairs, 1)


def from_pairs(pairs: Mapping[str, str], depth: int) -> Options:
    if pairs.get("$count", "false") not in {"true", "false"}:
        raise BadQuery(f"'{pairs['$count']}' is not a valid count option.")
    return Options(
        select=names(pairs["$select"]) if "$select" in pairs else None,
        expand=expansions(pairs["$expand"], depth) if "$expand" in pairs else (),
        filter=pairs.get("$filter"),
        orderby=tuple(order(pairs["$orderby"])) if "$orderby" in pairs else (),
        top=number("$top", pairs["$top"]) if "$top" in pairs else None,
        skip=number("$skip", pairs["$skip"]) if "$skip" in pairs else 0,
        count=pairs.get("$count") == "true",
    )
