"""One installation for the tests of a module: its embedded server stays up between commands."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from caseway.store.embedded import start
from tests.cli.commands import Installation
from tests.database import FORGETFUL, data_folder


@pytest.fixture(scope="module")
def caseway() -> Iterator[Installation]:
    with (
        data_folder() as data,
        tempfile.TemporaryDirectory() as configuration,
        start(data, FORGETFUL),
    ):
        installation = Installation(data, Path(configuration))
        installation("migrate")
        yield installation


@pytest.fixture(scope="module")
def north(caseway: Installation) -> str:
    """The name of a connection that is there."""
    caseway(
        *("connection", "add", "--name", "north", "--url", "https://north.creatio.com"),
        *("--client-id", "1BA1", "--client-secret-file", "-"),
        stdin="hunter2\n",
    )
    return "north"
