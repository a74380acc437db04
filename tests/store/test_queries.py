"""The `.sql` files are loaded strictly, and every statement fits schema and rights."""

import asyncpg
import pytest

from caseway.store.queries import BadQuery, load_all, misfits, parse
from caseway.store.roles import Role
from tests.database import Database

GOOD = """-- Replies owed to customers.

-- name: move(organisation, id, was)
-- role: both
-- Compare-and-set: no row comes back
-- if another worker was faster.
UPDATE delivery SET state = 'sent'  -- not :this
 WHERE organisation_id = :organisation AND id = :id AND state = :was AND id <> :id;

-- name: all_of_it()
-- Everything.
SELECT 1;
"""


def test_parameters_become_numbers_in_the_order_of_the_header() -> None:
    queries = parse(GOOD, "delivery")

    assert list(queries) == ["move", "all_of_it"]
    move = queries["move"]
    assert " ".join(move.sql.split()) == (
        "/* delivery.move */ UPDATE delivery SET state = 'sent' "
        "WHERE organisation_id = $1 AND id = $2 AND state = $3 AND id <> $2"
    )
    assert move.parameters == ("organisation", "id", "was")
    assert move.roles == (Role.WEB, Role.SYNC)
    assert move.purpose == "Compare-and-set: no row comes back if another worker was faster."
    assert queries["all_of_it"].roles == (Role.SYNC,)


@pytest.mark.parametrize(
    "expression",
    [
        "1::text",
        "'12:30'",
        "'it''s :x; ok'",
        r"E'it\'s :x; ok'",
        "'{}'::jsonb ->> 'a:b'",
        '1 AS "a:b; c"',
        "$$ :x; $$",
        "$tag$ $$ :x; $tag$",
        "make_interval(days := 1)",
        "(ARRAY[1, 2, 3])[1:2]",
        "/* :x; */ 1",
        "1 -- :x; it's",
    ],
)
async def test_what_only_looks_like_a_parameter_stays(
    expression: str, empty_database: Database
) -> None:
    connection = await asyncpg.connect(empty_database.dsn)
    try:
        text = f"-- name: odd(real)\n-- Odd.\nSELECT :real::int AS real, {expression}\n;"
        query = parse(text, "odd")["odd"]
        plain = await connection.fetchrow(f"SELECT 7 AS real, {expression}\n")
        assert await query.fetchrow(connection, real=7) == plain
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1;", "odd.sql:1: a statement without a header"),
        ("-- name: x\n-- Why.\nSELECT 1;", "odd.sql:1: a header reads"),
        ("-- name: x(A)\n-- Why.\nSELECT :A;", "odd.sql:1: a header reads"),
        ("\n-- name: x() $\n-- Why.\nSELECT 1;", "odd.sql:2: a header reads"),
        ("-- name: x()\nSELECT 1;", "x does not say what it is for"),
        ("-- name: x()\n-- role: web\nSELECT 1;", "x does not say what it is for"),
        ("-- name: x()\n-- role: root\n-- Why.\nSELECT 1;", "the role of x is one of"),
        ("-- name: x()\n-- role: web\n-- role: sync\n-- Why.\nSELECT 1;", "the role of x is one"),
        ("-- name: x(a, a)\n-- Why.\nSELECT :a;", "x names a parameter twice"),
        ("-- name: x(a)\n-- Why.\nSELECT :a, :b;", "x uses :b, not in its header"),
        ("-- name: x(a, b)\n-- Why.\nSELECT :a;", "x does not use b"),
        ("-- name: x(a)\n-- Why.\nSELECT ':a';", "x does not use a"),
        ("-- name: x()\n-- Why.\nSELECT $1;", "x has a stray $1"),
        ("-- name: x()\n-- Why.\nSELECT 'oops;", "x has a stray '"),
        ("-- name: x()\n-- Why.\nSELECT 1", "x does not end with a semicolon"),
        ("-- name: x()\n-- Why.\nSELECT 1; SELECT 2;", "x is not exactly one statement"),
        ("-- name: x()\n-- Why.\n;", "x is not exactly one statement"),
        ("-- name: x()\n-- Why.\nSELECT 1;\n-- name: x()\n-- Why.\nSELECT 2;", "a second x"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(BadQuery) as refusal:
        parse(text, "odd")
    assert complaint in str(refusal.value)
    assert str(refusal.value).startswith("odd.sql:")


def test_a_long_header_goes_on_in_the_next_line() -> None:
    query = parse("-- name: x(a,\n--   b)\n-- Why.\nSELECT :b, :a;", "odd")["x"]
    assert (query.parameters, query.sql) == (("a", "b"), "/* odd.x */ SELECT $2, $1")


def test_a_call_names_every_parameter_and_no_other() -> None:
    query = parse("-- name: x(a, b)\n-- Why.\nSELECT :a, :b;", "odd")["x"]

    assert query.args({"b": 2, "a": 1}) == [1, 2]
    with pytest.raises(TypeError, match=r"odd\.x needs b"):
        query.args({"a": 1})
    with pytest.raises(TypeError, match=r"odd\.x does not know c"):
        query.args({"a": 1, "b": 2, "c": 3})


async def test_each_way_to_call(empty_database: Database) -> None:
    connection = await asyncpg.connect(empty_database.dsn)
    try:
        await connection.execute("CREATE TABLE kept (n int)")
        queries = parse(
            "-- name: keep(n)\n-- Why.\nINSERT INTO kept VALUES (:n);"
            "\n-- name: above(n)\n-- Why.\nSELECT n FROM kept WHERE n > :n ORDER BY n;",
            "odd",
        )
        await queries["keep"].executemany(connection, [{"n": 1}, {"n": 2}, {"n": 3}])
        assert await queries["keep"].execute(connection, n=4) == "INSERT 0 1"
        assert [row["n"] for row in await queries["above"].fetch(connection, n=2)] == [3, 4]
        assert await queries["above"].fetchval(connection, n=3) == 4
        assert await queries["above"].fetchrow(connection, n=4) is None
    finally:
        await connection.close()


async def test_a_misfit_is_found_by_schema_and_by_right(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn)
    try:
        await connection.execute(
            "CREATE TABLE kept (n int); GRANT SELECT ON kept TO caseway_web, caseway_sync;"
            "GRANT INSERT ON kept TO caseway_sync"
        )
        text = (
            "-- name: fits(n)\n-- role: both\n-- Why.\nSELECT n FROM kept WHERE n = :n;"
            "\n-- name: wrong()\n-- role: web\n-- Why.\nSELECT m FROM kept;"
            "\n-- name: forbidden(n)\n-- role: both\n-- Why.\nINSERT INTO kept VALUES (:n);"
            "\n-- name: ours()\n-- role: owner\n-- Why.\nDELETE FROM kept;"
            "\n-- name: no_plan()\n-- role: web\n-- Why.\nLISTEN somewhere;"
        )
        assert await misfits({"odd": parse(text, "odd")}, connection) == [
            'odd.wrong as caseway_web: column "m" does not exist',
            "odd.forbidden as caseway_web: permission denied for table kept",
        ]
        assert await connection.fetchval("SELECT count(*) FROM kept") == 0
    finally:
        await connection.close()


async def test_every_statement_fits_the_schema_and_its_roles_rights(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn)
    try:
        assert await misfits(load_all(), connection) == []
    finally:
        await connection.close()
