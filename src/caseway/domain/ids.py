"""Names of things, each of its own type, and the ids that we choose beforehand."""

from dataclasses import dataclass
from typing import NewType
from uuid import UUID, uuid5

OrganisationId = NewType("OrganisationId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
ChannelId = NewType("ChannelId", UUID)
ContactId = NewType("ContactId", UUID)
ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
EventId = NewType("EventId", UUID)

# Creatio's
CaseId = NewType("CaseId", UUID)
ActivityId = NewType("ActivityId", UUID)
RemoteContactId = NewType("RemoteContactId", UUID)
StatusId = NewType("StatusId", UUID)

NOBODY = UUID(int=0)  # Creatio's empty lookup


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """A conversation cannot be named without its organisation."""

    organisation: OrganisationId
    conversation: ConversationId

    def to_bytes(self) -> bytes:
        return self.organisation.bytes + self.conversation.bytes

    @classmethod
    def from_bytes(cls, raw: bytes) -> "ConversationKey":
        """Raise `ValueError` unless `raw` is two UUIDs."""
        if len(raw) != 32:
            raise ValueError(f"a conversation's key has 32 bytes, not {len(raw)}")
        return cls(
            OrganisationId(UUID(bytes=raw[:16])),
            ConversationId(UUID(bytes=raw[16:])),
        )


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    organisation: OrganisationId
    connection: ConnectionId


def case_id(conversation: ConversationId, ordinal: int) -> CaseId:
    """Each attempt to create a conversation's n-th case names the same record."""
    return CaseId(uuid5(conversation, f"case/{ordinal}"))


def activity_id(message: MessageId, ordinal: int) -> ActivityId:
    """`ordinal` is the case's, so that a second case never meets the first one's ids."""
    return ActivityId(uuid5(message, f"activity/{ordinal}"))


def remote_contact_id(contact: ContactId, connection: ConnectionId) -> RemoteContactId:
    return RemoteContactId(uuid5(contact, f"contact/{connection}"))
