"""One look at one conversation: claim, read, adopt, take the steps that are owed, release.

Nothing here acts on what happened; it compares how things are. docs/explanation/protocol.md
names the transactions (T1 to T9) and the crash points.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from caseway.domain.adoption import Adoption, Known, Reply, Rules, adopt
from caseway.domain.backoff import backoff
from caseway.domain.connection import ChannelAccount, Connection
from caseway.domain.conversation import Hint, Ledger
from caseway.domain.delivery import head
from caseway.domain.ids import ActivityId, ConversationKey
from caseway.domain.plan import Lane, Owed, steps
from caseway.domain.remote import Look
from caseway.ports import (
    Channel,
    Claimed,
    FencedOut,
    Later,
    Looks,
    Never,
    Ticketing,
)
from caseway.sync.executor import Executor
from caseway.sync.journal import Journal
from caseway.sync.lease import Overslept, OwnClock, renewing
from caseway.sync.replies import Replies
from caseway.sync.waits import Waits

log = structlog.get_logger()

READ_BACK: Final = timedelta(hours=1)  # how far a look reaches back behind what was read
MOST_STEPS: Final = 500  # a run that takes more is not getting anywhere


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs of the world, found once it knows the conversation."""

    connection: Connection
    ticketing: Ticketing
    account: ChannelAccount
    channel: Channel


@dataclass(frozen=True, slots=True)
class Reconciler:
    looks: Looks
    surroundings: Callable[[Ledger], Awaitable[Surroundings]]
    words: Callable[[Reply], str]
    chance: Callable[[], float]
    lease: timedelta
    renew_every: timedelta
    monotonic: Callable[[], float] = time.monotonic

    async def look(self, key: ConversationKey) -> None:
        """One run. It ends when all that is owed is done, or waits for a time that is kept."""
        clock = OwnClock(self.lease, monotonic=self.monotonic)
        claimed = await self.looks.claim(key)  # T1
        # CRASH HERE: the lease is unreleased; whoever heals leases looks again.
        if claimed is None:
            return
        journal = Journal()
        try:
            async with renewing(self.looks, claimed, clock, self.renew_every):
                await self._run(claimed, clock, journal)
        except* FencedOut:
            log.info("run.fenced_out", conversation=str(key.conversation))
        except* Overslept:
            # No more calls. Whoever is due next looks again; if we still hold the lease, now.
            log.warning("run.overslept", conversation=str(key.conversation))
            claimed = replace(claimed, hints=claimed.hints | Hint.ACTIVITIES)
            await self._leave(claimed, journal, wait=timedelta(0))

    async def _leave(self, claimed: Claimed, journal: Journal, *, wait: timedelta) -> None:
        await self.looks.release(
            claimed,
            hints_left=claimed.hints,
            failures=claimed.ledger.failures,
            wait=wait,
            steps=journal.lines,
        )

    async def _run(self, claimed: Claimed, clock: OwnClock, journal: Journal) -> None:
        try:
            around = await self.surroundings(claimed.ledger)
        except Never as gone:  # its channel or its connection was removed
            journal.note("caseway", "parked", str(gone), outcome="refused")
            await self.looks.park(claimed, str(gone))
            return
        except Later as failure:
            journal.note("caseway", "looked up the configuration", str(failure), outcome="later")
            wait = backoff(claimed.ledger.failures + 1, chance=self.chance())
            await self._leave(claimed, journal, wait=wait)
            return
        waits = Waits()
        owed = await self._read(claimed, around, clock, journal, waits)
        if owed is None:
            return  # parked: no release, a replay begins anew
        replies = Replies(
            looks=self.looks,
            claimed=claimed,
            writing=around.connection.settings.writing,
            account=around.account,
            channel=around.channel,
            clock=clock,
            journal=journal,
            waits=waits,
            chance=self.chance,
        )
        executor = Executor(
            looks=self.looks,
            claimed=claimed,
            ticketing=around.ticketing,
            connection=around.connection,
            replies=replies,
            clock=clock,
            journal=journal,
            waits=waits,
        )
        for _ in range(MOST_STEPS):
            todo = [s for s in steps(owed, now=datetime.now(tz=UTC)) if s.lane not in waits.lanes]
            if not todo:
                break
            owed = await executor.take(todo[0], owed)
        else:
            waits.again = True  # let others have their turn
        if owed.last and await self._finished(claimed, owed, replies):
            return
        owed = replace(owed, last=None)
        await self._release(claimed, owed, waits, journal)

    async def _read(
        self,
        claimed: Claimed,
        around: Surroundings,
        clock: OwnClock,
        journal: Journal,
        waits: Waits,
    ) -> Owed | None:
        """Step 2 and T2. None: the conversation is parked."""
        ledger = claimed.ledger
        worth_reading = claimed.hints or claimed.starts > 1
        if not worth_reading or ledger.case is None or not ledger.wants_case:
            return await self.looks.load(claimed)
        whole = claimed.hints & Hint.WHOLE
        since = None if whole else ledger.read_through and ledger.read_through - READ_BACK
        # The word of closure stands for itself: replies written before it belong to the same look.
        case_first = claimed.hints == Hint.CASE and ledger.claim is None
        try:
            clock.check()
            look = await around.ticketing.look(ledger.case, since=since, case_first=case_first)
            if claimed.hints & Hint.EARLIER:
                look = await self._with_earlier(claimed, look, around.ticketing, clock)
            statuses = await around.ticketing.statuses()
        except Later as failure:
            journal.note("creatio", "asked about the case", str(failure), outcome="later")
            waits.later(Lane.LOOK, failure)
            waits.also(Lane.ACTIVITIES, Lane.STATUS)
            waits.hints = claimed.hints or Hint.ACTIVITIES
            return await self.looks.load(claimed)
        except Never as refusal:
            reason = f"Creatio refuses to show this case: {refusal}"
            journal.note("creatio", "asked about the case", reason, outcome="refused")
            await self.looks.park(claimed, reason)
            return None
        # CRASH HERE: nothing has changed anywhere.
        settings = around.connection.settings
        rules = Rules(
            statuses=statuses,
            resolved_statuses=settings.resolved_statuses,
            resolved_status=settings.resolved_status,
            reopen_status=settings.reopen_status,
            reply_rule=settings.reply_rule,
        )
        journal.note("creatio", _what_was_read(look), _hinted(claimed.hints))

        def decide(now_ledger: Ledger, known: Mapping[ActivityId, Known]) -> Adoption:
            return adopt(now_ledger, look, known, rules, now=datetime.now(tz=UTC))

        adopted = await self.looks.adopt(claimed, look, decide, self.words)  # T2
        # CRASH HERE: all that was decided is in rows; the rest is owed and found again.
        adoption = adopted.adoption
        for reply in adoption.replies:
            journal.note("caseway", f"kept reply {reply.activity.id}", "owed to the customer")
        for left in adoption.kept_back:
            journal.note("caseway", f"left activity {left.activity} in Creatio", left.reason)
        for reason in adoption.why:
            journal.note("caseway", "decided", reason)
        if adoption.judged:
            journal.note("caseway", "weighed case_closed", adoption.judged.reason)
        if adoption.park:
            journal.note("caseway", "parked", adoption.park, outcome="refused")
            log.warning("conversation.parked", conversation=str(claimed.key.conversation))
            return None
        return adopted.owed

    async def _with_earlier(
        self, claimed: Claimed, look: Look, ticketing: Ticketing, clock: OwnClock
    ) -> Look:
        """What agents wrote on this conversation's earlier cases; their statuses mean nothing."""
        found = list(look.activities)
        for case in await self.looks.earlier_cases(claimed):
            clock.check()
            found += (await ticketing.look(case, since=None, case_first=False)).activities
        return replace(look, activities=tuple(found))

    async def _finished(self, claimed: Claimed, owed: Owed, replies: Replies) -> bool:
        """The usual end: the last delivery settled and the lease released in one.

        False: settled, and there is more to say than a bare release.
        """
        if owed.last is None:
            return False
        ledger = owed.ledger
        agreed = ledger.agreed is None or ledger.agreed is ledger.ours
        if replies.waits.lanes or replies.waits.again or replies.waits.hints or owed.write:
            agreed = False
        if not agreed or owed.deliveries:
            await replies.settle_last(owed)
            return False
        return await self.looks.settle_and_release(  # T4b and T9
            claimed,
            owed.last,
            shown=replies.shown,
            durable=not replies.channel.recognises_repeats(replies.account),
            steps=replies.journal.lines,
        )

    async def _release(self, claimed: Claimed, owed: Owed, waits: Waits, journal: Journal) -> None:
        """T9, with the time at which whatever waits is due."""
        now = datetime.now(tz=UTC)
        before = 0 if waits.progressed else claimed.ledger.failures
        failures = before + 1 if waits.lanes else 0
        wait = None
        if waits.lanes:
            wait = waits.retry_after or backoff(failures, chance=self.chance())
        if first := head(owed.deliveries):
            # The head's own time decides: what stands behind it cannot go before.
            if waits.lanes == {Lane.REPLIES}:
                wait, failures = None, 0
            pending = first.not_before - now
            wait = pending if wait is None else min(wait, pending)
        hints = waits.hints
        ledger = owed.ledger
        settled = ledger.agreed is None or ledger.agreed is ledger.ours
        if not settled and not waits.lanes:
            hints, wait = hints | Hint.CASE, timedelta(0)
        elif not settled:
            hints |= Hint.CASE
        if owed.write:
            hints |= Hint.CASE  # what is to be written follows from no row
        if waits.again:
            wait = timedelta(0)
        await self.looks.release(
            claimed,
            hints_left=hints,
            failures=failures,
            wait=None if wait is None else max(wait, timedelta(0)),
            steps=journal.lines,
        )


def _what_was_read(look: Look) -> str:
    if look.gone:
        return "asked for the case: it is not there"
    many = len(look.activities)
    return f"read the case and {many} {'activity' if many == 1 else 'activities'}"


def _hinted(hints: int) -> str:
    if hints & Hint.WHOLE:
        return "compared in full: something differed"
    if hints & Hint.EARLIER:
        return "something changed on an earlier case"
    if hints & Hint.ACTIVITIES and hints & Hint.CASE:
        return "its activities and its status changed"
    if hints & Hint.CASE:
        return "its status changed"
    return "its activities changed"
