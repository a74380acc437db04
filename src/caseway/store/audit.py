"""Who changed what. A change, its audit entry and the word to every cache commit together."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import msgspec

from caseway.domain.actor import Actor
from caseway.domain.ids import ConversationKey, OrganisationId
from caseway.store.queries import load

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("audit")
CHANNEL: Final = "caseway_settings"  # NOTIFY carries `<kind>:<id>` of what changed
BY_COMMAND: Final = "cli"


class Kind(StrEnum):
    CONNECTION = "connection"
    CHANNEL = "channel"
    TOKEN = "token"  # noqa: S105 - named by its public name
    KEY = "key"
    # Nothing that a process caches:
    USER = "user"
    SESSION = "session"
    INVITATION = "invitation"
    DOOR = "door"
    CONVERSATION = "conversation"
    REPLAY = "replay"


class Change(StrEnum):
    """What came of asking for something to be so."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


async def record(
    link: "Link",
    organisation: OrganisationId,
    *,
    actor: str,
    action: str,
    kind: Kind,
    id: UUID | str,
    before: object = None,
    after: object = None,
) -> None:
    """Call it in the transaction of the change. Before and after hold no secret.

    Whoever acts by the dashboard is an `Actor`, which knows from where.
    """
    await SQL["record"].execute(
        link,
        organisation=organisation,
        id=uuid4(),
        actor=actor,
        action=f"{kind}.{action}",
        subject=f"{kind}:{id}",
        source=actor.source if isinstance(actor, Actor) else "",
        before=None if before is None else to_json(before),
        after=None if after is None else to_json(after),
    )


async def record_of(
    link: "Link",
    key: ConversationKey,
    *,
    actor: str,
    action: str,
    before: object = None,
    after: object = None,
) -> None:
    """What somebody did to a conversation."""
    await record(
        link,
        key.organisation,
        actor=actor,
        action=action,
        kind=Kind.CONVERSATION,
        id=key.conversation,
        before=before,
        after=after,
    )


def to_json(value: object) -> str:
    """Sets in a fixed order, so that equal values look equal."""
    return msgspec.json.encode(value, order="deterministic").decode()


def from_json(text: str, kind: type[Any]) -> Any:
    """Keys that only a newer release knows are left out."""
    return msgspec.json.decode(text, type=kind)
