"""Which runtime an instance stands on: .NET Framework keeps its routes below `/0`, .NET not."""

from collections.abc import Mapping
from typing import Final

from caseway.creatio.errors import Meaning, verdict
from caseway.domain.connection import Platform
from caseway.outbound import Answer

PREFIXES: Final[Mapping[Platform, tuple[str, ...]]] = {
    Platform.FRAMEWORK: ("/0",),
    Platform.CORE: ("",),
    Platform.DETECT: ("/0", ""),
}


def platform(prefix: str) -> Platform:
    return Platform.FRAMEWORK if prefix else Platform.CORE


def is_elsewhere(answer: Answer) -> bool:
    """No OData stands behind this prefix: nothing there, a page, or a way to the login."""
    return answer.status == 404 or (
        answer.status < 400 and verdict(answer).meaning is not Meaning.GOOD
    )
