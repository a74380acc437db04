"""The API keeps to its own description, whatever schemathesis thinks of."""

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.conftest import House

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
bounded = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def check(house: House, conversation: str) -> int:
    """Runs in a thread: schemathesis speaks by requests. Returns how many operations it tried."""
    schema = schemathesis.openapi.from_url(f"{house.base}/api/v1/openapi.json")
    checked = 0

    def right(case: Any) -> None:
        if "id" in case.path_parameters:  # an id that exists reaches further than a random one
            case.path_parameters["id"] = conversation
        # Cursors are opaque and keys may not be used twice: test_api.py has both.
        case.query = {k: v for k, v in (case.query or {}).items() if k != "cursor"}
        case.headers = {}
        case.call_and_validate(headers=house.tenant.bearer, checks=CHECKS)

    def wrong(case: Any) -> None:
        case.call_and_validate(headers=house.tenant.bearer, checks=CHECKS)

    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr] # an error has none, and fails here
        checked += 1
        for mode, body in ((GenerationMode.POSITIVE, right), (GenerationMode.NEGATIVE, wrong)):
            bounded(given(case=operation.as_strategy(generation_mode=mode))(body))()
    return checked


async def test_every_operation_answers_as_described(house: House) -> None:
    made = await house.begin()
    assert await asyncio.to_thread(check, house, made["id"]) == 7
