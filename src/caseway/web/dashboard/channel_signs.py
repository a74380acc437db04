"""The name of each kind of channel, and its sign in muted ink: no brand colours."""

from collections.abc import Mapping
from typing import Final

SIGNS: Final[Mapping[str, str]] = {
    "widget": "message-circle",
    "api": "api",
    "email": "mail",
    "telegram": "brand-telegram",
    "whatsapp": "brand-whatsapp",
    "sms": "device-mobile-message",
}
NAMES: Final[Mapping[str, str]] = {"api": "API", "sms": "SMS", "whatsapp": "WhatsApp"}


def sign_of(kind: str) -> str:
    return SIGNS.get(kind, "message-2")


def name_of(kind: str) -> str:
    return NAMES.get(kind, kind.capitalize())


def name_within(kind: str) -> str:
    """The name inside a sentence."""
    return NAMES.get(kind, kind)
