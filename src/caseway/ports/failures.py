"""What a call through a door may raise. Anything else is our own bug and stays loud."""

from datetime import timedelta
from typing import Final

PAUSE: Final = timedelta(hours=1)  # at the latest it is asked again whether it runs


class Later(Exception):
    """Unreachable, throttled or broken over there: the same call may yet work."""

    def __init__(
        self,
        reason: str,
        *,
        maybe_taken: bool,
        retry_after: timedelta | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(reason)
        self.maybe_taken = maybe_taken  # a time-out, say: unlike a 429, it may have worked
        self.retry_after = retry_after
        self.remedy = remedy  # what a person may do, where there is something to do


class Paused(Later):
    """A person holds it back here: it waits however long, and is never given up."""

    def __init__(self, by: str) -> None:
        super().__init__(f"the channel is paused by {by}", maybe_taken=False, retry_after=PAUSE)


class Never(Exception):
    """Refused over there: the same call will be refused again."""


class NotConfigured(Never):
    """There is none of this name or id, or it was removed; the text says which."""


class Refused(Exception):
    """The configuration does not allow the change; the text says why and what to do."""


class Overtaken(Refused):
    """Somebody else changed it since it was looked at; the text says in what it differs."""


class FencedOut(Exception):
    """The lease was lost to another worker: nothing of this run may be written any more."""


class Overloaded(Exception):
    """Too many wait for a commit already: say 503 now rather than 200 for what is not kept."""
