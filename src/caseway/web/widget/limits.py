"""How much one address may write on one widget, and the words for whoever wrote more."""

import hashlib
from datetime import timedelta
from typing import Final

from caseway.domain.connection import ChannelAccount
from caseway.domain.ids import ChannelId
from caseway.domain.source import neighbourhood
from caseway.ports import Limit

SESSIONS: Final = (60, timedelta(minutes=1))
WORDS: Final = {
    "messages": "That was a lot at once. Your message is not sent yet: wait a minute, try again.",
    "conversations": "You began several conversations in a short time. Wait a few minutes.",
    "cases": "So many people write today that no new conversation can begin. Try again tomorrow.",
    "sessions": "Too many visitors came from your network at once. Try again in a minute.",
}


def for_session(channel: ChannelId, address: str) -> list[Limit]:
    return [_limit("sessions", channel, SESSIONS, address)]


def for_message(account: ChannelAccount, address: str, *, begins: bool) -> list[Limit]:
    """`begins`: it would be the first of a conversation, hence of a case."""
    channel, allowed = account.id, account.settings.limits
    messages = (allowed.messages_a_minute, timedelta(minutes=1))
    limits = [_limit("messages", channel, messages, address)]
    if begins:
        conversations = (allowed.conversations_in_ten_minutes, timedelta(minutes=10))
        limits.append(_limit("conversations", channel, conversations, address))
        limits.append(_limit("cases", channel, (allowed.cases_a_day, timedelta(days=1))))
    return limits


def words(limit: Limit) -> str:
    return WORDS[limit.subject.partition("/")[0]]


def _limit(
    kind: str, channel: ChannelId, allowed: tuple[int, timedelta], address: str = ""
) -> Limit:
    """An address is personal: it is kept as a digest, which tells one from another."""
    caller = f"{channel}/{neighbourhood(address)}".encode()
    who = hashlib.sha256(caller).hexdigest()[:20] if address else ""
    return Limit(f"{kind}/{channel}/{who}", *allowed)
