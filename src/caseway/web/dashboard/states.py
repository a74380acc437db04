"""How a state looks: a word, an icon and a colour, always the three."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Look:
    shown: str
    icon: str
    colour: str


DELIVERY: Final[Mapping[str, Look]] = {
    "owed": Look("Owed", "clock-hour-4", "amber"),
    "sending": Look("Sending", "arrow-up-right", "blue"),
    "sent": Look("Sent", "check", "blue"),
    "delivered": Look("Delivered", "checks", "green"),
    "read": Look("Read", "eye-check", "green"),
    "failed": Look("Failed", "circle-x", "red"),
    "unknown": Look("May have been sent", "help-circle", "plum"),
}
CONVERSATION: Final[Mapping[str, Look]] = {
    "ai": Look("AI", "sparkles", "plum"),
    "waiting": Look("Waiting", "hourglass", "amber"),
    "human": Look("Human", "headset", "blue"),
    "resolved": Look("Resolved", "circle-check", "grey"),
}
OUTCOME: Final[Mapping[str, Look]] = {
    "accepted": Look("Accepted", "check", "green"),
    "ignored": Look("Ignored", "minus", "grey"),
    "nothing_new": Look("Nothing new", "equal", "grey"),
    "healed": Look("Healed", "bandage", "amber"),
    "rejected": Look("Rejected", "circle-x", "red"),
}
HEALTH: Final[Mapping[str, Look]] = {
    "healthy": Look("Healthy", "circle-check", "green"),
    "degraded": Look("Degraded", "alert-triangle", "amber"),  # pages say the reason instead
    "down": Look("Down", "plug-connected-x", "red"),
    "paused": Look("Paused", "player-pause", "grey"),
    "not_checked": Look("Not checked yet", "circle-dashed", "grey"),
}
LOOKS: Final[Mapping[str, Look]] = {**DELIVERY, **CONVERSATION, **OUTCOME, **HEALTH}
