"""Every protection is missed: without it a story ends badly."""

from pathlib import Path

import asyncpg
import pytest

from tests import database as ground
from tests.sync.mutations import CONTROL, MUTATIONS, Mutation, copy, tell
from tests.sync.scenarios import SCENARIOS


def test_the_copy_without_a_mutation_ends_well(
    tmp_path: Path, database: ground.Database
) -> None:
    copy(tmp_path, ())
    told = tell(tmp_path, database.dsn, *SCENARIOS)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.without)
async def test_a_missing_protection_is_noticed(
    mutation: Mutation,
    tmp_path: Path,
    database: ground.Database,
    server: ground.Server,
    template: str,
) -> None:
    copy(tmp_path, mutation.patches)
    dsn = database.dsn
    if mutation.sql:
        dsn = server.create(template).dsn
        connection = await asyncpg.connect(dsn)
        await connection.execute(mutation.sql)
        await connection.close()
    told = tell(tmp_path, dsn, CONTROL, mutation.noticed_by)
    if mutation.sql:
        server.drop(dsn.rpartition("/")[2])
    assert told.returncode == 1, "nobody noticed"
    assert f"in {mutation.noticed_by}" in told.stderr, f"something else broke:\n{told.stderr}"
