"""What a key of the API lets its holder do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"


ALLOWS: Final[Mapping[Scope, str]] = {
    Scope.READ: "Read conversations, their messages, and the events",
    Scope.WRITE: "Write for customers and for an AI of yours, hand off, resolve",
}
EVERY: Final = frozenset(Scope)
