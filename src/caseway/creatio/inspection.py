"""A Creatio looked at on behalf of a page: `ports.Inspection`."""

import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from caseway.creatio import checks as named
from caseway.creatio.choices import choices
from caseway.creatio.line import Line
from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.outbound import Outside
from caseway.ports import OF_CASES, CallCounter, Check, Choice, Evidence, Pick


class CreatioInspection:
    """Each look signs in anew, with what is in the form: nothing is remembered."""

    def __init__(
        self,
        outside: Outside,
        counter: Callable[[ConnectionKey], CallCounter],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._outside = outside
        self._counter = counter
        self._now = now

    def names(self, connection: Connection) -> Sequence[str]:
        return named.names(connection)

    def checks(
        self, connection: Connection, evidence: Evidence, *, only: str = ""
    ) -> AsyncIterator[Check]:
        return named.checks(
            connection,
            self._outside,
            self._counter(connection.key),
            now=self._now,
            evidence=evidence,
            only=only,
        )

    async def choices(self, connection: Connection) -> Mapping[Pick, Sequence[Choice]]:
        line = Line(
            connection,
            self._outside,
            self._counter(connection.key),
            monotonic=time.monotonic,
            chance=random.random,
            on_closed=lambda: None,
        )
        until = line.deadline()
        return {pick: await choices(line, pick, until=until) for pick in OF_CASES}
