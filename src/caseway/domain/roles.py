"""Who may do what: one table. The doors of the dashboard ask it, and nothing else decides."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    AGENT = "agent"
    VIEWER = "viewer"


class Action(StrEnum):
    """One per kind of deed, not per page."""

    READ_CONVERSATIONS = "read conversations"
    ACT_ON_CONVERSATIONS = "hand off, resolve and retry"
    READ_HEALTH = "see whether everything moves"
    READ_EVENTS = "read events"
    REPLAY_EVENTS = "replay events"
    EXPORT_EVENTS = "export events"
    READ_SETTINGS = "read settings"
    CHANGE_SETTINGS = "change settings"
    SEE_WEBHOOK_URL = "see and replace the webhook URL"
    MANAGE_KEYS = "make and revoke API keys"
    READ_TEAM = "see the team"
    INVITE = "invite people"
    MANAGE_TEAM = "change roles, end sign-ins, make reset links"
    READ_AUDIT = "read the audit log"
    OWN_ACCOUNT = "change their password, end their own sign-ins"


OF_EVERYBODY: Final = frozenset(
    {Action.READ_CONVERSATIONS, Action.READ_HEALTH, Action.OWN_ACCOUNT},
)
MAY: Final[Mapping[Role, frozenset[Action]]] = {
    Role.OWNER: frozenset(Action),
    Role.ADMIN: frozenset(Action) - {Action.MANAGE_TEAM},
    Role.AGENT: OF_EVERYBODY | {Action.ACT_ON_CONVERSATIONS},
    Role.VIEWER: OF_EVERYBODY | {Action.READ_EVENTS},
}
# Nobody makes somebody who may do more than they.
MAY_INVITE: Final[Mapping[Role, frozenset[Role]]] = {
    Role.OWNER: frozenset(Role),
    Role.ADMIN: frozenset({Role.AGENT, Role.VIEWER}),
    Role.AGENT: frozenset(),
    Role.VIEWER: frozenset(),
}
