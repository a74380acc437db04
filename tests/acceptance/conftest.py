"""One demo for the stories of a test run: each story has customers and cases of its own."""

from collections.abc import Iterator

import pytest

from tests.acceptance.callbacks import Callbacks, receiving
from tests.acceptance.demo import Api, Demo, started_demo
from tests.acceptance.desk import Desk
from tests.acceptance.place import Place, place_with


@pytest.fixture(scope="session")
def callbacks() -> Iterator[Callbacks]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="session")
def demo(callbacks: Callbacks) -> Iterator[Demo]:
    with started_demo(callbacks) as started:
        yield started


@pytest.fixture
def api(demo: Demo) -> Api:
    return demo.api


@pytest.fixture
def desk(demo: Demo) -> Iterator[Desk]:
    yield demo.desk
    demo.desk.weather()


@pytest.fixture(scope="session")
def place(callbacks: Callbacks) -> Iterator[Place]:
    with place_with(callbacks) as found:
        yield found
