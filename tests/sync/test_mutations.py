"""Every protection is missed: without it a story ends badly."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests import database as ground
from tests.sync.mutations import CONTROL, MUTATIONS, Mutation, Nursery, copy
from tests.sync.scenarios import SCENARIOS


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as begun:
        yield begun


def test_the_copy_without_a_mutation_ends_well(
    tmp_path: Path, database: ground.Database, nursery: Nursery
) -> None:
    copy(tmp_path, ())
    code, said = nursery.tell(tmp_path, database.dsn, *SCENARIOS)
    assert code == 0, said


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.without)
async def test_a_missing_protection_is_noticed(
    mutation: Mutation,
    tmp_path: Path,
    database: ground.Database,
    server: ground.Server,
    template: str,
    nursery: Nursery,
) -> None:
    copy(tmp_path, mutation.patches)
    own = server.create(template) if mutation.sql else database
    if mutation.sql:
        connection = await asyncpg.connect(own.dsn)
        await connection.execute(mutation.sql)
        await connection.close()
    code, said = nursery.tell(tmp_path, own.dsn, CONTROL, mutation.noticed_by)
    if mutation.sql:
        server.drop(own.name)
    assert code == 1, f"nobody noticed\n{said}"
    assert f"in {mutation.noticed_by}" in said, f"something else broke:\n{said}"
