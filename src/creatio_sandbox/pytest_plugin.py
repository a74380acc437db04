"""Fixtures for tests of programs that talk to Creatio.

In a conftest.py:

    pytest_plugins = ["creatio_sandbox.pytest_plugin"]

One sandbox runs for the whole session (for each worker of pytest-xdist its own); each test that
asks for `creatio` finds it as it was at the start, which takes about a millisecond.
"""

from collections.abc import Iterator

import pytest

from creatio_sandbox.testing import Plan, Sandbox, start


@pytest.fixture(scope="session")
def creatio_plan() -> Plan:
    """How the session's sandbox is to be. Override it to have another."""
    return Plan()


@pytest.fixture(scope="session")
def running_creatio(creatio_plan: Plan) -> Iterator[Sandbox]:
    """The one that runs. What a test leaves in it the next one finds: ask for `creatio`."""
    with start(creatio_plan) as sandbox:
        yield sandbox


@pytest.fixture
def creatio(running_creatio: Sandbox) -> Iterator[Sandbox]:
    """As new: records, processes, log, faults and rights. Tokens and sessions stay good."""
    running_creatio.reset()
    yield running_creatio
    running_creatio.set_faults()  # the weather of this test strikes no later one


@pytest.fixture
def creatio_url(creatio: Sandbox) -> str:
    return creatio.url


@pytest.fixture
def creatio_credentials(creatio: Sandbox) -> dict[str, str]:
    """`client_id` and `client_secret` for OAuth, `user` and `password` for the forms login."""
    address = creatio.address
    return {
        "client_id": address.client_id,
        "client_secret": address.client_secret,
        "user": address.user,
        "password": address.password,
    }
