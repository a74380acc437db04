"""What agents read in Creatio, in English."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="English",
    customer="Customer",
    ai="AI",
    agent="Agent",
    visitor="Visitor",
    conversation="Conversation on {channel}",
    written="Written on {channel}. Conversation {conversation}.",
    follows="Follows case {number}.",
    not_verified="Address not verified.",
    other_case="The same contact also has case {number}, on another channel.",
    handed_off="Handed off to a person.",
    handed_off_by="Handed off by {name}.",
    handed_off_title="Caseway · handed off to a person",
    failed="This reply did not reach the customer (given up {time}): “{words}”.\nReason: {reason}",
    failed_title="Caseway · a reply was not delivered",
)
