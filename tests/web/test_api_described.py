"""The API keeps to its own description, whatever schemathesis thinks of."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.web.conftest import House

EXAMPLES = 25


def check(house: House, conversation: str) -> int:
    """Runs in a thread: schemathesis speaks by requests. Returns how many operations it tried."""
    schema = schemathesis.openapi.from_url(f"{house.base}/api/v1/openapi.json")
    checked = 0
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr] # an error has none, and fails here
        checked += 1

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def keeps_to_it(case: Any) -> None:
            if "id" in case.path_parameters:  # an id that exists reaches further than a random one
                case.path_parameters["id"] = conversation
            # Cursors are opaque and keys may not be used twice: test_api.py has both.
            case.query = {k: v for k, v in (case.query or {}).items() if k != "cursor"}
            case.headers = {}
            case.call_and_validate(headers=house.tenant.bearer)

        strategy: st.SearchStrategy[Any] = operation.as_strategy()
        wrapped = _given(strategy, keeps_to_it)
        wrapped()
    return checked


def _given(strategy: st.SearchStrategy[Any], body: Any) -> Any:
    from hypothesis import given

    return given(case=strategy)(body)


@pytest.mark.timeout(150)
async def test_every_operation_answers_as_described(house: House) -> None:
    made = await house.begin()
    assert await asyncio.to_thread(check, house, made["id"]) == 7
