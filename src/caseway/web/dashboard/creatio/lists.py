"""What may be picked in the form, as it offers it."""

from dataclasses import dataclass
from typing import Final

from caseway.ports import Lists, Pick

UNREAD: Final = Lists({})


@dataclass(frozen=True, slots=True)
class Offered:
    lists: Lists

    def options(self, pick: str, value: str, blank: str) -> list[tuple[str, str]]:
        """For a pick list; what was chosen and is not there any more stays, and says so."""
        known = [(str(one.id), one.name) for one in self.lists.picks.get(Pick(pick), ())]
        said = value if self.lists.read_at is None else f"{value} (not in Creatio's list)"
        gone = [(value, said)] if value else []
        lost = [] if any(id_ == value for id_, _ in known) else gone
        return [("", blank), *lost, *known]
