"""Who did it, and from where."""

from typing import Self, final


@final
class Actor(str):
    """A name for the audit log that brings the address it acted from, if there is one."""

    __slots__ = ("source",)
    source: str

    def __new__(cls, name: str, *, source: str = "") -> Self:
        made = super().__new__(cls, name)
        made.source = source
        return made
