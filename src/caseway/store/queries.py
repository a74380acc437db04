"""Loads the named statements of `store/sql/*.sql`.

    -- name: unsettled(organisation, conversation)
    -- role: both
    -- One conversation's owed deliveries, in the order written.
    SELECT id FROM delivery WHERE organisation_id = :organisation AND ...;

The header names the parameters (and may go on in the next line), `-- role:` says who runs
it (web, sync, both or owner; left out, sync), and one line or more say what it is for.
`:name` becomes `$1`, `$2`, ... in the header's order; strings, quoted names, `::casts` and
`:=` stay as they are, comments go. A mistake in a file is said when it is loaded; whether
the statements fit the schema and their roles' rights, `misfits` asks the database.
"""

import re
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from caseway.store.roles import Role

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
    " | asyncpg.Pool[asyncpg.Record]"
)
Queries: TypeAlias = "Mapping[str, Query]"

# None is the owner: the connection's own role, as the login came.
RUN_BY: Final[Mapping[str, tuple[Role | None, ...]]] = {
    "web": (Role.WEB,),
    "sync": (Role.SYNC,),
    "both": (Role.WEB, Role.SYNC),
    "owner": (None,),
}
NAME: Final = "[a-z][a-z0-9_]*"
HEADER: Final = re.compile(rf"-- name: ({NAME})\((|{NAME}(?:, {NAME})*)\)")
TOKEN: Final = re.compile(
    rf"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<text>
        (?<![\w$]) [eE]'(?:[^'\\]|\\.|'')*'
      | '[^']*'
      | "[^"]*"
      | (?P<tag>\$\w*?\$).*?(?P=tag)
    )
  | (?P<operator> :: | := )
  | : (?P<parameter> {NAME} )
  | (?P<end> ; )
  | (?P<stray> \$\d+ | ['"] | /\* )
    """,
    re.VERBOSE | re.DOTALL,
)


class BadQuery(Exception):
    """A mistake in a `.sql` file; the text names the file and the line."""


@dataclass(frozen=True, slots=True)
class Query:
    """One statement; every parameter is given by name, every time."""

    name: str  # subject.name, also in the statement's text, where the server's views show it
    sql: str
    parameters: tuple[str, ...]
    roles: tuple[Role | None, ...]
    purpose: str
    _count: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_count", len(self.parameters))

    def args(self, named: Mapping[str, object]) -> list[object]:
        """The values in the order of `parameters`."""
        try:
            values = [named[name] for name in self.parameters]
        except KeyError as missing:
            raise TypeError(f"{self.name} needs {missing.args[0]}") from None
        if len(named) != self._count:
            unknown = ", ".join(sorted(named.keys() - set(self.parameters)))
            raise TypeError(f"{self.name} does not know {unknown}")
        return values

    # These hand out asyncpg's own coroutine: one frame less for each statement.
    def fetch(
        self, on: Connection, /, **named: object
    ) -> "Coroutine[Any, Any, list[asyncpg.Record]]":
        return on.fetch(self.sql, *self.args(named))

    def fetchrow(
        self, on: Connection, /, **named: object
    ) -> "Coroutine[Any, Any, asyncpg.Record | None]":
        return on.fetchrow(self.sql, *self.args(named))

    def fetchval(self, on: Connection, /, **named: object) -> Coroutine[Any, Any, Any]:
        return on.fetchval(self.sql, *self.args(named))

    def execute(self, on: Connection, /, **named: object) -> Coroutine[Any, Any, str]:
        return on.execute(self.sql, *self.args(named))

    def executemany(
        self, on: Connection, rows: Iterable[Mapping[str, object]], /
    ) -> Coroutine[Any, Any, None]:
        """All rows or none: asyncpg runs them in one transaction."""
        return on.executemany(self.sql, [self.args(row) for row in rows])


def load(subject: str) -> Queries:
    """The statements of `store/sql/<subject>.sql` by their names."""
    return parse(_folder().joinpath(f"{subject}.sql").read_text(encoding="utf-8"), subject)


def load_all() -> Mapping[str, Queries]:
    """Every subject there is; what tests prove."""
    names = sorted(found.name for found in _folder().iterdir() if found.name.endswith(".sql"))
    return {subject: load(subject) for subject in (name.removesuffix(".sql") for name in names)}


def _folder() -> Traversable:
    return files("caseway.store").joinpath("sql")


def parse(text: str, subject: str) -> Queries:
    """The statements of one file's text. Raises `BadQuery`."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("-- name")]
    for number, line in enumerate(lines[: starts[0] if starts else None]):
        if line.strip() and not line.startswith("--"):
            raise BadQuery(f"{subject}.sql:{number + 1}: a statement without a header")
    queries: dict[str, Query] = {}
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        query = _parse_one(lines[start:end], subject, f"{subject}.sql:{start + 1}")
        name = query.name.partition(".")[2]
        if name in queries:
            raise BadQuery(f"{subject}.sql:{start + 1}: a second {name}")
        queries[name] = query
    return MappingProxyType(queries)


def _parse_one(lines: list[str], subject: str, place: str) -> Query:
    header, rest = lines[0].rstrip(), lines[1:]
    while ")" not in header and rest and rest[0].startswith("--"):
        header, rest = f"{header} {rest[0].removeprefix('--').strip()}", rest[1:]
    found = HEADER.fullmatch(header)
    if found is None:
        raise BadQuery(f"{place}: a header reads -- name: this_one(first, second)")
    name = found[1]
    parameters = tuple(found[2].split(", ")) if found[2] else ()
    if len(set(parameters)) < len(parameters):
        raise BadQuery(f"{place}: {name} names a parameter twice")
    said: list[str] = []
    while rest and rest[0].startswith("--"):
        said.append(rest.pop(0).removeprefix("--").strip())
    roles = [line.removeprefix("role:").strip() for line in said if line.startswith("role:")]
    purpose = " ".join(line for line in said if line and not line.startswith("role:"))
    if not purpose:
        raise BadQuery(f"{place}: {name} does not say what it is for")
    if len(roles) > 1 or not RUN_BY.keys() >= set(roles):
        raise BadQuery(f"{place}: the role of {name} is one of {', '.join(RUN_BY)}")
    statement = _numbered("\n".join(rest), parameters, f"{place}: {name}")
    return Query(
        name=f"{subject}.{name}",
        sql=f"/* {subject}.{name} */ {statement}",
        parameters=parameters,
        roles=RUN_BY[roles[0] if roles else "sync"],
        purpose=purpose,
    )


def _numbered(text: str, parameters: tuple[str, ...], place: str) -> str:
    """The statement as PostgreSQL takes it, its parameters numbered."""
    numbers = {name: f"${number}" for number, name in enumerate(parameters, start=1)}
    used: set[str] = set()

    def replace(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "comment":
                return " "
            case "parameter":
                if found["parameter"] not in numbers:
                    raise BadQuery(f"{place} uses :{found['parameter']}, not in its header")
                used.add(found["parameter"])
                return numbers[found["parameter"]]
            case "stray":
                raise BadQuery(f"{place} has a stray {found[0]}")
            case _:
                return found[0]

    statement = TOKEN.sub(replace, text).strip()
    if not statement.endswith(";"):
        raise BadQuery(f"{place} does not end with a semicolon")
    statement = statement.removesuffix(";").rstrip()
    if not statement or any(found["end"] for found in TOKEN.finditer(statement)):
        raise BadQuery(f"{place} is not exactly one statement")
    unused = [name for name in parameters if name not in used]
    if unused:
        raise BadQuery(f"{place} does not use {', '.join(unused)}")
    return statement


async def misfits(
    subjects: Mapping[str, Queries], owner: "asyncpg.Connection[asyncpg.Record]"
) -> list[str]:
    """Every statement that the database would refuse, with the role and its reason.

    Preparing finds wrong names and types; rights are looked at only when a plan is about
    to run, so each statement is explained as well, with nulls, under every role it is for.
    """
    import asyncpg

    refused: list[str] = []
    every = [query for queries in subjects.values() for query in queries.values()]
    for query, role in [(one, role) for one in every for role in one.roles]:
        trial = owner.transaction()
        await trial.start()
        try:
            if role is not None:
                await owner.execute(f"SET LOCAL ROLE {role}")
            prepared = await owner.prepare(query.sql)
            nulls = ", ".join(["NULL"] * len(query.parameters))
            await owner.execute(
                "SET LOCAL plan_cache_mode = force_generic_plan; "
                f"EXPLAIN EXECUTE {prepared.get_name()}{f'({nulls})' if nulls else ''}"
            )
        except asyncpg.PostgresError as refusal:
            refused.append(f"{query.name} as {role or 'owner'}: {refusal}")
        finally:
            await trial.rollback()
    return refused
