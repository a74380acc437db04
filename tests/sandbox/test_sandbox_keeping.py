"""A database file that may be large: opened without a copy, emptied by a reset, indexed."""

import sqlite3
from pathlib import Path

import pytest

from creatio_sandbox import ids
from creatio_sandbox.casebook import NOBODY, case_list, open_cases
from creatio_sandbox.testing import Plan, start
from tests.sandbox.caller import Caller


def test_a_file_is_not_copied_and_a_reset_fills_it_anew(tmp_path: Path) -> None:
    plan = Plan(data=str(tmp_path / "sandbox.db"), seed=3, seed_cases=4)
    with start(plan) as sandbox:
        assert sandbox.serving.instance.database.snapshot() is None
        first = sandbox.cases()
        sandbox.change("Case", first[0]["id"], {"Subject": "changed"})
        sandbox.create("Case", {"Subject": "mine"})
        secret = sandbox.key
        sandbox.reset()
        again = sandbox.cases()
        named = {(case["id"], case["subject"]) for case in again}
        assert named == {(case["id"], case["subject"]) for case in first}
        assert sandbox.log() == []
    with start(plan) as sandbox:
        assert sandbox.key == secret
        assert len(sandbox.cases()) == 4


def test_columns_of_ones_own_come_to_a_file_that_is_there_already(tmp_path: Path) -> None:
    data, schema = str(tmp_path / "sandbox.db"), tmp_path / "my.toml"
    with start(Plan(data=data)) as sandbox:
        case = sandbox.create("Case", {"Subject": "older than the column"})
    schema.write_text('[Case.columns]\nUsrRating = "int"\nUsrAgentId = "-> Contact"\n')
    with start(Plan(data=data, schema=str(schema))) as sandbox:
        caller = Caller(sandbox.url).sign_in(sandbox)
        row = caller.get(f"Case({case})?$select=Subject,UsrRating,UsrAgentId").json
        assert (row["UsrRating"], row["UsrAgentId"]) == (0, ids.EMPTY)
        assert caller.patch(f"Case({case})", {"UsrAgentId": ids.SUPERVISOR}).status == 204
        caller.close()


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ('FROM "Activity" AS r WHERE r."CaseId" = ?', "Activity_CaseId_CreatedOn (CaseId=?)"),
        ('FROM "Activity" AS r WHERE r."ModifiedOn" >= ?', "Activity_ModifiedOn (ModifiedOn>?)"),
        ('FROM "Case" AS r WHERE r."ModifiedOn" >= ? AND r."ModifiedOn" < ?', "Case_ModifiedOn"),
        ('FROM "Case" AS r WHERE r."Number" = ?', "Case_Number (Number=?)"),
        ('FROM "Case" AS r WHERE r."Id" = ?', "sqlite_autoindex_Case_1 (Id=?)"),
        ('FROM "Case" AS r WHERE r."ParentActivityId" = ?', "Case_to_ParentActivityId"),
    ],
)
def test_what_is_asked_often_is_found_by_an_index(tmp_path: Path, where: str, index: str) -> None:
    with start(Plan(data=str(tmp_path / "sandbox.db"))) as sandbox:
        marks = ("x",) * where.count("?")
        database = sandbox.serving.instance.database
        found = database.all(f'EXPLAIN QUERY PLAN SELECT r."Id" {where}', marks)
        assert index in str(found)


@pytest.mark.parametrize("owner", ["", NOBODY, ids.SUPERVISOR])
def test_the_desks_list_costs_the_same_whatever_the_number_of_cases(
    tmp_path: Path, owner: str
) -> None:
    with start(Plan(data=str(tmp_path / "sandbox.db"))) as sandbox:
        records = sandbox.serving.instance.records
        plans = []

        def explained(sql: str) -> None:
            if sql.lstrip().startswith(("WITH changed", "SELECT count")):
                plans.append(sql)

        records.database.connection.set_trace_callback(explained)
        case_list(records, status="open", owner=owner)
        open_cases(records, owner or NOBODY)
        records.database.connection.set_trace_callback(None)
        assert len(plans) >= 2
        for sql in plans:
            steps = records.database.all(f"EXPLAIN QUERY PLAN {sql}")
            walked = [step for *_, step in steps if step.startswith(("SCAN c ", "SCAN Activity"))]
            assert all("USING" in step for step in walked), walked


def test_sample_data_is_the_same_for_the_same_number() -> None:
    def held(seed: int) -> tuple[list[tuple[str, ...]], set[str], set[str]]:
        with start(Plan(seed=seed)) as sandbox:
            database = sandbox.serving.instance.database
            rows = database.all(
                'SELECT c."Id", c."Subject", p."Name", p."Email", a."Name", s."Name"'
                ' FROM "Case" c JOIN "Contact" p ON p."Id" = c."ContactId"'
                ' JOIN "Account" a ON a."Id" = p."AccountId"'
                ' JOIN "CaseStatus" s ON s."Id" = c."StatusId" ORDER BY c."Id"'
            )
            users = database.all(
                'SELECT "Name" FROM "SysAdminUnit" WHERE "SysAdminUnitTypeValue" = 4'
            )
            owners = database.all(
                'SELECT DISTINCT o."Name" FROM "Case" c JOIN "Contact" o ON o."Id" = c."OwnerId"'
            )
            return rows, {row[0] for row in users}, {row[0] for row in owners}

    rows, users, owners = held(5)
    assert held(5)[0] == rows
    assert held(6)[0] != rows
    assert len(rows) == 42
    assert {row[-1] for row in rows} == set(ids.STATUS)
    assert {"Carla Weiss", "Ben Osei", "Yuki Mori", "Marta Lind"} <= users
    assert owners <= users


def test_the_file_is_one_that_other_programs_read(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with start(Plan(data=str(file))) as sandbox:
        sandbox.create("Case", {"Subject": "a"})
        with sqlite3.connect(file) as other:
            assert other.execute('SELECT "Subject" FROM "Case"').fetchall() == [("a",)]
        other.close()
