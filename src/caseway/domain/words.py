"""The texts that we write into Creatio: titles, descriptions, notes. English; times in
the connection's zone.
"""

from datetime import datetime, tzinfo
from typing import Final

from caseway.domain import zones
from caseway.domain.conversation import Author, MessageKind, Own

TITLE_LENGTH: Final = 500
FIRST_WORDS: Final = 60
AUTHORS: Final = {
    Author.CONTACT: "Customer",
    Author.AI: "AI",
    Author.AGENT: "Agent",
    Author.SYSTEM: "Caseway",
}


def first_words(text: str, length: int = FIRST_WORDS) -> str:
    """The text's beginning on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[length // 2 :] else cut) + "…"


def activity_title(own: Own, zone: tzinfo) -> str:
    if own.kind is MessageKind.FAILURE:
        return "Caseway · a reply was not delivered"
    if own.kind is MessageKind.HANDOFF:
        return "Caseway · handed off to a person"
    who = AUTHORS[own.author]
    at = own.written_at.astimezone(zone)
    return f"{who} · {at:%H:%M} · {first_words(own.text)}"[:TITLE_LENGTH]


def activity_text(own: Own, preface: str = "") -> str:
    return f"{preface}\n\n{own.text}" if preface else own.text


def case_subject(words: str, channel: str) -> str:
    return first_words(words, 120) or f"Conversation on {channel}"


def preface(*, verified: bool, has_address: bool, other_number: str) -> str:
    """What the first activity of a case says before the customer's own words."""
    lines: list[str] = []
    if has_address and not verified:
        lines.append("Address not verified.")
    if other_number:
        lines.append(f"The same contact also has case {other_number}, on another channel.")
    return "\n".join(lines)


def case_description(words: str, channel: str, conversation: str, earlier_number: str) -> str:
    lines = [words.strip()] if words.strip() else []
    lines.append(f"Written on {channel}. Conversation {conversation}.")
    if earlier_number:
        lines.append(f"Follows case {earlier_number}.")
    return "\n\n".join(lines)


def failure_text(words: str, reason: str, at: datetime, zone: tzinfo) -> str:
    when = f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zones.hours_are_called(zone, at)}"
    return (
        f"This reply did not reach the customer (given up {when}): "
        f"“{first_words(words, 200)}”.\nReason: {reason}"
    )
