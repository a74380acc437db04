"""Streams that wait for something to happen, and what wakes them."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from caseway.web.problems import Problem

MOST_STREAMS: Final = 2_000  # of one process
MOST_OF_ONE: Final = 6  # tabs and devices that share a session
TOO_MANY: Final = "Too many people are connected right now. We try again by ourselves."
TOO_MANY_TABS: Final = "This chat is open in too many tabs. Close one."


class Watch:
    """One stream's wish to hear of some subjects."""

    def __init__(self, watchers: "Watchers") -> None:
        self._watchers = watchers
        self._woken = asyncio.Event()
        self._subjects: set[Hashable] = set()

    def of(self, subjects: Iterable[Hashable]) -> None:
        """From now on of these as well. What woke them just before, we may not have heard."""
        for subject in set(subjects) - self._subjects:
            self._subjects.add(subject)
            self._watchers.add(subject, self._woken)
            self._woken.set()

    async def wait(self, at_most: timedelta) -> bool:
        """Whether something happened. Forget it before looking, so that nothing slips between."""
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def end(self) -> None:
        for subject in self._subjects:
            self._watchers.remove(subject, self._woken)


class Watchers:
    """Of one process: which streams want to hear of what."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Hashable, set[asyncio.Event]] = defaultdict(set)
        self._of_session: Counter[Hashable] = Counter()
        self.streams = 0
        self.is_closing = False

    @contextmanager
    def watch(self, session: Hashable) -> Iterator[Watch]:
        """Raises `Problem` when there are too many already."""
        if self.streams >= MOST_STREAMS or self.is_closing:
            raise Problem(503, TOO_MANY, retry_after=timedelta(seconds=30))
        if self._of_session[session] >= MOST_OF_ONE:
            raise Problem(429, TOO_MANY_TABS, retry_after=timedelta(seconds=30))
        self.streams += 1
        self._of_session[session] += 1
        watch = Watch(self)
        try:
            yield watch
        finally:
            watch.end()
            self.streams -= 1
            self._of_session[session] -= 1
            if not self._of_session[session]:
                del self._of_session[session]

    def add(self, subject: Hashable, woken: asyncio.Event) -> None:
        self._waiting[subject].add(woken)

    def remove(self, subject: Hashable, woken: asyncio.Event) -> None:
        self._waiting[subject].discard(woken)
        if not self._waiting[subject]:
            del self._waiting[subject]

    def wake(self, subject: Hashable | None) -> None:
        """None: anything may have happened."""
        found = [subject] if subject is not None else list(self._waiting)
        for one in found:
            for woken in self._waiting.get(one, ()):
                woken.set()

    def close(self) -> None:
        """Streams end now: the process stops."""
        self.is_closing = True
        self.wake(None)
