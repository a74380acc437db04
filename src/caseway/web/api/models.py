"""What the API takes and gives: the source of its OpenAPI description."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from caseway.domain.adoption import Outcome
from caseway.domain.conversation import Author, State
from caseway.domain.delivery import State as Debt
from caseway.ports import Noticed, Overview, Said
from caseway.ports.reads import FoundBy
from caseway.web.creatio_links import case_page

LONGEST_TEXT = 32_000
LONGEST_PEER_BYTES = 512


def _fits_peer(text: str) -> str:
    if len(text.encode()) > LONGEST_PEER_BYTES:
        raise ValueError(f"is longer than {LONGEST_PEER_BYTES} bytes in UTF-8")
    return text


# NUL is refused by PostgreSQL; the patterns say so in the description as well.
Plain = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
ExternalId = Annotated[Plain, Field(max_length=255)]
Peer = Annotated[Plain, Field(max_length=LONGEST_PEER_BYTES), AfterValidator(_fits_peer)]


class Taken(BaseModel):
    """What callers send: a field we do not know is a mistake that they should hear of."""

    model_config = ConfigDict(extra="forbid")


class ContactIn(Taken):
    """Whatever the holder of an API key says of a contact counts as verified."""

    name: Annotated[Plain, Field(max_length=250)] = ""
    email: Annotated[str, Field(max_length=320, pattern=r"^$|^[^@\s\x00]+@[^@\s\x00]+$")] = ""
    phone: Annotated[
        Plain, Field(max_length=50, description="In E.164 if it can be: +4915112345678")
    ] = ""
    external_id: Annotated[
        Peer,
        Field(
            description="Your own id of this person. It, else email, else phone says who writes: "
            "the same person's messages join one conversation. With none of them, each is new."
        ),
    ] = ""


class FirstMessageIn(Taken):
    text: Text
    external_id: Annotated[
        ExternalId, Field(description="Your own id: the same again makes nothing new.")
    ] = ""


class ConversationIn(Taken):
    channel: Annotated[Plain, Field(min_length=1, max_length=200, description="Its id or name.")]
    contact: ContactIn = Field(default_factory=ContactIn)
    message: FirstMessageIn


class MessageIn(FirstMessageIn):
    author: Literal["contact", "ai"] = "contact"


class HandOffIn(Taken):
    note: Annotated[
        Plain, Field(max_length=LONGEST_TEXT, description="Why, for the agent: one line or more.")
    ] = ""


class ContactOut(BaseModel):
    name: str
    email: str
    phone: str


class ChannelOut(BaseModel):
    id: UUID
    name: str


class CaseOut(BaseModel):
    id: UUID
    number: str
    url: str


class ConversationOut(BaseModel):
    id: UUID
    state: State
    channel: ChannelOut
    contact: ContactOut
    case: CaseOut | None = Field(description="Null until the case exists in Creatio.")
    created_at: datetime

    @classmethod
    def of(cls, seen: Overview) -> Self:
        case = None
        if seen.case is not None:
            url = case_page(seen.pages_url, seen.case)
            case = CaseOut(id=seen.case, number=seen.case_number, url=url)
        return cls(
            id=seen.key.conversation,
            state=seen.state,
            channel=ChannelOut(id=seen.channel, name=seen.channel_name),
            contact=ContactOut(name=seen.name, email=seen.email, phone=seen.phone),
            case=case,
            created_at=seen.created_at,
        )


class DeliveryOut(BaseModel):
    state: Debt
    attempts: int
    possible_double: bool = Field(description="An earlier attempt may have arrived.")


class MessageOut(BaseModel):
    id: UUID
    conversation_id: UUID
    author: Author
    author_name: str
    text: str
    created_at: datetime
    activity_id: UUID | None = Field(description="Its activity in Creatio, once that exists.")
    delivery: DeliveryOut | None = Field(description="Of what the customer is owed; else null.")

    @classmethod
    def of(cls, said: Said) -> Self:
        delivery = None
        if said.delivery is not None:
            delivery = DeliveryOut(
                state=said.delivery, attempts=said.attempts, possible_double=said.possible_double
            )
        return cls(
            id=said.id,
            conversation_id=said.conversation,
            author=said.author,
            author_name=said.author_name,
            text=said.text,
            created_at=said.written_at,
            activity_id=said.activity,
            delivery=delivery,
        )


class MessagesOut(BaseModel):
    items: list[MessageOut]
    next: str | None = Field(description="Give it as `cursor` for the next page; null: the last.")


class EventOut(BaseModel):
    id: UUID
    received_at: datetime
    found_by: FoundBy
    type: str
    case_id: UUID | None
    conversation_id: UUID | None
    outcome: Outcome
    reason: str

    @classmethod
    def of(cls, noticed: Noticed) -> Self:
        return cls(
            id=noticed.id,
            received_at=noticed.received_at,
            found_by=noticed.found_by,
            type=noticed.type,
            case_id=noticed.case,
            conversation_id=noticed.conversation,
            outcome=noticed.outcome,
            reason=noticed.reason,
        )


class EventsOut(BaseModel):
    items: list[EventOut]
    next: str | None = Field(description="Give it as `cursor` for the next page; null: the last.")


class ProblemOut(BaseModel):
    """RFC 9457."""

    title: str
    status: int
    detail: str
