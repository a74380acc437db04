"""What a run did, line by line, for the people who ask why."""

import time

from caseway.ports import JournalLine


class Journal:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self.lines: list[JournalLine] = []

    def note(self, side: str, deed: str, why: str = "", *, outcome: str = "done") -> None:
        at = round((time.monotonic() - self._began) * 1000)
        self.lines.append(JournalLine(at, side, deed, why, outcome))
