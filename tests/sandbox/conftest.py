"""One sandbox for each worker, as new for each test."""

from collections.abc import Iterator

import pytest

from creatio_sandbox.testing import Sandbox, start
from tests.sandbox.caller import Caller
from tests.sandbox.receiver import Receiver, receiving


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    yield running_sandbox
    running_sandbox.reset()


@pytest.fixture
def stranger(sandbox: Sandbox) -> Iterator[Caller]:
    """Nobody has signed in yet."""
    caller = Caller(sandbox.url)
    yield caller
    caller.close()


@pytest.fixture
def caller(stranger: Caller, sandbox: Sandbox) -> Caller:
    return stranger.sign_in(sandbox)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as known:
        yield known
