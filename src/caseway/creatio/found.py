"""What a check finds, in our own words: what a failure says may quote a foreign body."""

from dataclasses import dataclass
from typing import Final

from caseway.creatio.errors import CONNECTION_PAGE, CredentialsRefused
from caseway.creatio.places import Somewhere
from caseway.outbound import NoAnswer, NotReached
from caseway.ports import Later, Mark, Never

_TROUBLE_REMEDY: Final = (
    "Try again in a few minutes. If it lasts, ask Creatio's administrator for its own error log."
)
CHECK_URL: Final = f"Check the instance URL under {CONNECTION_PAGE}."


@dataclass(frozen=True, slots=True)
class Found:
    mark: Mark
    detail: str
    remedy: str = ""
    place: Somewhere | None = None


def failed(detail: str, remedy: str, place: Somewhere | None = None) -> Found:
    return Found(Mark.FAILED, detail, remedy or _TROUBLE_REMEDY, place)


def unanswered(failure: Later | Never) -> Found:
    remedy = failure.remedy if isinstance(failure, Later) else ""
    if isinstance(failure.__cause__, NotReached | NoAnswer) or isinstance(
        failure, CredentialsRefused
    ):
        return failed(str(failure), remedy)
    return failed("Creatio could not be asked", remedy)
