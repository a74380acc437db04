"""Every page of the dashboard, for what must hold on each of them. A new page adds a line."""

from dataclasses import dataclass
from typing import Final

from caseway.domain.roles import Role


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    path: str  # `{conversation}`, `{event}`, …: ids of tests/browser/scene.py
    role: Role | None = Role.OWNER  # None: whoever is not signed in


ROOMS: Final = (
    Room("login", "/login", None),
    Room("welcome", "/welcome/no-such-link", None),
    Room("join", "/welcome/{invitation}", None),
    Room("settings", "/settings"),
    Room("inbox", "/inbox"),
    Room("inbox-without-a-match", "/inbox?q=nobody"),
    Room("conversation", "/inbox/{conversation}"),
    Room("conversation-read-only", "/inbox/{conversation}", Role.VIEWER),
    Room("events", "/events"),
    Room("events-beside", "/events?show={event}"),
    Room("event", "/events/{event}"),
    Room("replay", "/events/replay?pick={event}"),
    Room("ticketing", "/settings/ticketing"),
    Room("integration", "/settings/integrations/creatio"),
    Room("ticketing-new", "/settings/ticketing?new"),
    Room("creatio-short-form", "/settings/integrations/creatio?guide=short"),
    Room("reply-rule", "/settings/reply-rule"),
    Room("channels", "/settings/channels"),
    Room("widget", "/settings/channels/{widget}"),
    Room("api", "/settings/channels/{api}"),
    Room("widget-new", "/settings/channels/new/widget"),
    Room("api-new", "/settings/channels/new/api"),
    Room("keys", "/settings/keys"),
    Room("team", "/settings/team"),
    Room("team-of-an-admin", "/settings/team", Role.ADMIN),
    Room("account", "/settings/account"),
    Room("account-of-an-agent", "/settings/account", Role.AGENT),
    Room("audit", "/settings/audit"),
)
