"""Records to begin a rule's story with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from caseway.domain import stock
from caseway.domain.adoption import Rules
from caseway.domain.closure import Side
from caseway.domain.conversation import Ledger, State
from caseway.domain.delivery import Delivery, Kind
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    NOBODY,
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ContactId,
    ConversationId,
    ConversationKey,
    DeliveryId,
    MessageId,
    OrganisationId,
    StatusId,
    case_id,
)
from caseway.domain.remote import Activity, Look
from caseway.domain.reply_rule import ReplyRule
from tests.far_side import NEW, RESOLVED, STATUSES

NOW: Final = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CONVERSATION: Final = ConversationId(UUID(int=7))
CASE: Final = case_id(CONVERSATION, 1)
AGENT: Final = UUID(int=70)
RULES: Final = Rules(
    statuses=STATUSES,
    resolved_statuses=frozenset(),
    resolved_status=RESOLVED,
    reopen_status=None,
    reply_rule=ReplyRule(),
)
LEDGER: Final = Ledger(
    key=ConversationKey(OrganisationId(UUID(int=1)), CONVERSATION),
    connection=ConnectionId(UUID(int=2)),
    channel=ChannelId(UUID(int=3)),
    contact=ContactId(UUID(int=4)),
    address="customer-1",
    state=State.WAITING,
    created_at=NOW - timedelta(hours=1),
    case=CASE,
    case_ordinal=1,
    case_number="SR00000001",
    wants_case=True,
    agreed=Side.OPEN,
    agreed_status=NEW,
    last_open_status=NEW,
    held_status=None,
    reopened_status=None,
    left_open=False,
    agent_replied=False,
    reopenings=(),
    claim=None,
    last_position=1,
    last_contact_position=1,
    last_own_position=1,
    linked_through=1,
    covered_through=1,
    read_through=NOW - timedelta(minutes=5),
    failures=0,
)
"""One message, linked and seen in an open case; both sides open."""


def ledger(**changes: Any) -> Ledger:
    return replace(LEDGER, **changes)


def look(status: StatusId | None = NEW, *activities: Activity, **changes: Any) -> Look:
    since = NOW - timedelta(hours=1)
    return replace(Look(status, activities, NOW, since=since), **changes)


def reply(text: str = "We order new pads", *, at: datetime = NOW, **changes: Any) -> Activity:
    """A task that an agent finished, as a reply."""
    return replace(
        Activity(
            id=ActivityId(uuid4()),
            case=CaseId(CASE),
            created_on=at,
            modified_on=at,
            type_id=stock.TASK,
            category_id=stock.TO_DO,
            status_id=stock.COMPLETED,
            message_type_id=NOBODY,
            send_status_id=NOBODY,
            author_id=AGENT,
            owner_id=AGENT,
            created_by_id=AGENT,
            title="Reply",
            body="",
            detailed_result=text,
            notes="",
            sender="",
            recipients="",
            is_html=False,
            is_auto_submitted=False,
        ),
        **changes,
    )


def debt(state: Debt = Debt.OWED, *, at: datetime = NOW, **changes: Any) -> Delivery:
    number = changes.pop("number", uuid4())
    return replace(
        Delivery(
            id=DeliveryId(number),
            message=MessageId(uuid4()),
            kind=Kind.MESSAGE,
            state=state,
            author="agent",
            author_name="Clara Brandt",
            text="We order new pads",
            written_at=at,
            address="customer-1",
            order=(at, number),
            owed_at=at,
            not_before=at,
            attempts=0,
            possible_double=False,
        ),
        **changes,
    )
