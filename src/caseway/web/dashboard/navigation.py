"""Which rooms the dashboard has, in the order of its side bar, and who finds which door."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from caseway.domain.roles import Action


@dataclass(frozen=True, slots=True)
class Room:
    name: str  # what a page says with `{% set here = "…" %}`
    label: str
    icon: str
    href: str
    action: Action
    key: str = ""  # after g
    about: str = ""  # in the list of all settings


MAIN: Final = (
    Room("inbox", "Inbox", "inbox", "/inbox", Action.READ_CONVERSATIONS, "i"),
    Room("events", "Events", "activity", "/events", Action.READ_EVENTS, "e"),
    Room("failures", "Failures", "mail-x", "/failures", Action.READ_EVENTS, "f"),
    Room("health", "Health", "heartbeat", "/health", Action.READ_HEALTH, "h"),
    Room("proof", "Proof", "scale", "/proof", Action.READ_EVENTS, "p"),
)
SETTINGS: Final = (
    Room(
        "ticketing",
        "Ticketing",
        "plug-connected",
        "/settings/ticketing",
        Action.READ_SETTINGS,
        about="Which Creatio gets the cases, and how they are opened. Test & save.",
    ),
    Room(
        "creatio",
        "Integrations",
        "webhook",
        "/settings/integrations/creatio",
        Action.READ_SETTINGS,
        about="The webhook that Creatio calls, and the guide to its two business processes.",
    ),
    Room(
        "reply-rule",
        "Reply rule",
        "filter-check",
        "/settings/reply-rule",
        Action.READ_SETTINGS,
        about="Which activities on a case go to the customer, tried on the newest ones.",
    ),
    Room(
        "channels",
        "Channels",
        "messages",
        "/settings/channels",
        Action.READ_SETTINGS,
        about="The ways to customers: set up, try, pause, replace a secret.",
    ),
    Room("ai", "AI", "sparkles", "/settings/ai", Action.READ_SETTINGS),
    Room(
        "team",
        "Team",
        "users",
        "/settings/team",
        Action.READ_TEAM,
        about="Who signs in, in which role, and what each role may do.",
    ),
    Room(
        "keys",
        "API keys",
        "key",
        "/settings/keys",
        Action.MANAGE_KEYS,
        about="For programs of yours that talk to Caseway.",
    ),
    Room("data", "Data", "database", "/settings/data", Action.CHANGE_SETTINGS),
    Room(
        "audit",
        "Audit log",
        "history",
        "/settings/audit",
        Action.READ_AUDIT,
        about="Who changed what, and what was refused to whom.",
    ),
    Room(
        "account",
        "Your account",
        "user-circle",
        "/settings/account",
        Action.OWN_ACCOUNT,
        about="Your password, and where you are signed in.",
    ),
)
MORE: Final = Room("settings", "More", "dots", "/settings", Action.OWN_ACCOUNT, "s")
MOST_TABS: Final = 5  # of a phone, the last one being MORE


@dataclass(frozen=True, slots=True)
class Navigation:
    main: Sequence[Room]
    settings: Sequence[Room]
    tabs: Sequence[Room]

    def label(self, name: str) -> str:
        """Of a room of the settings; empty for any other."""
        return next((room.label for room in self.settings if room.name == name), "")


def navigation(paths: Collection[str], may: Callable[[Action], bool]) -> Navigation:
    """`paths`: the addresses at which something answers. A room without one is not built yet."""

    def open_to_them(rooms: Sequence[Room]) -> list[Room]:
        return [room for room in rooms if room.href in paths and may(room.action)]

    main = open_to_them(MAIN)
    return Navigation(
        main=main,
        settings=open_to_them(SETTINGS),
        tabs=[*main[: MOST_TABS - 1], *open_to_them([MORE])],
    )
