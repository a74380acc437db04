"""Hands one owed reply to its channel: noted before the call, settled by what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from caseway.domain.backoff import GIVE_UP_AFTER, backoff
from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import PATIENCE, UNSETTLED, Delivery, Event, State
from caseway.domain.plan import Lane, Owed
from caseway.domain.words import Writing
from caseway.ports import Channel, Claimed, Later, Looks, Never, Outgoing, Paused
from caseway.sync.journal import Journal
from caseway.sync.lease import OwnClock
from caseway.sync.waits import Waits


@dataclass(frozen=True, slots=True)
class Replies:
    looks: Looks
    claimed: Claimed
    writing: Writing
    account: ChannelAccount
    channel: Channel
    clock: OwnClock
    journal: Journal
    waits: Waits
    chance: Callable[[], float]

    async def send(self, before: Delivery, owed: Owed) -> Owed:
        recognises = self.channel.recognises_repeats(self.account)
        double = before.possible_double or (before.in_doubt and not recognises)
        now = datetime.now(tz=UTC)
        # The claim carries the next attempt's time: a message that kills us backs off too.
        claimed = replace(
            before.on(Event.CLAIMED),
            attempts=before.attempts + 1,
            possible_double=double,
            not_before=now + PATIENCE,
        )
        noted = owed.noted == before.id or await self.looks.note(self.claimed, before, claimed)
        if not noted:  # T4a; a receipt has settled it meanwhile
            return _settled(owed, before)
        # CRASH HERE: nothing has left; `sending` makes a later run ask again.
        self.clock.check()
        reason, remedy, tell = "", "", None
        try:
            if self.account.settings.paused_by:
                raise Paused(self.account.settings.paused_by)
            event = await self.channel.send(self.account, self._outgoing(before, marked=double))
        except Later as failure:
            reason, remedy = str(failure), failure.remedy
            old = now - before.owed_at > GIVE_UP_AFTER
            given_up = old and not isinstance(failure, Paused)
            event = (
                Event.REJECTED if given_up else before.unanswered(maybe_taken=failure.maybe_taken)
            )
            wait = failure.retry_after or backoff(claimed.attempts, chance=self.chance())
            # Given up and replayed one day, the next copy must still say what it may be.
            doubt = (failure.maybe_taken or before.in_doubt) and not recognises
            claimed = replace(claimed, not_before=now + wait, possible_double=double or doubt)
            self.waits.lanes.add(Lane.REPLIES)
        except Never as refusal:
            reason, event = str(refusal), Event.REJECTED
        # CRASH HERE: the customer may have it, we do not know; the repeat carries the same id.
        after = claimed.on(event)
        if after.state is State.FAILED:
            tell = self.writing.failure(before.text, reason, now)
        outcome = "done" if not reason else "refused" if tell else "later"
        deed = f"{'tried to send' if reason else 'sent'} reply, attempt {claimed.attempts}"
        self.journal.note(self.account.kind, deed, reason, outcome=outcome)
        if not reason and len(owed.deliveries) == 1:
            # Nothing stands behind it: settled with the release, unless a step comes before that.
            return replace(_settled(owed, before), last=after)
        renewed = await self._settle(after, f"{reason}. {remedy}" if remedy else reason, tell)
        if renewed is not None:
            return replace(renewed, write=owed.write, remote_contact=owed.remote_contact)
        if after.state in UNSETTLED:
            kept = tuple(after if d.id == after.id else d for d in owed.deliveries)
            return replace(owed, deliveries=kept)
        return _settled(owed, before)

    async def _settle(self, after: Delivery, reason: str, tell: str | None) -> Owed | None:
        return await self.looks.settle(  # T4b
            self.claimed, after, reason=reason, tell=tell, shown=self.shown
        )

    async def settle_last(self, owed: Owed) -> Owed:
        """What was sent and would have been settled with the release is settled now."""
        if owed.last is None:
            return owed
        await self._settle(owed.last, "", None)
        return replace(owed, last=None)

    @property
    def shown(self) -> bool:
        """Whether pages watch for what is delivered."""
        return self.account.kind == "widget"

    def _outgoing(self, delivery: Delivery, *, marked: bool) -> Outgoing:
        return Outgoing(
            id=delivery.id,
            conversation=self.claimed.key.conversation,
            message=delivery.message,
            kind=delivery.kind,
            author=delivery.author,
            author_name=delivery.author_name,
            text=delivery.text,
            written_at=delivery.written_at,
            address=delivery.address,
            owed_at=delivery.owed_at,
            possible_double=marked,
        )


def _settled(owed: Owed, delivery: Delivery) -> Owed:
    left = tuple(d for d in owed.deliveries if d.id != delivery.id)
    return replace(owed, deliveries=left)
