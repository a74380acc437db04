"""Rows become records of the domain here, and nowhere else."""

from datetime import datetime

import asyncpg

from caseway.domain.closure import Side
from caseway.domain.conversation import Author, Ledger, MessageKind, Own, State
from caseway.domain.delivery import Delivery, Kind
from caseway.domain.delivery import State as Debt
from caseway.domain.ids import (
    ActivityId,
    CaseId,
    ChannelId,
    ConnectionId,
    ContactId,
    ConversationId,
    ConversationKey,
    DeliveryId,
    EventId,
    MessageId,
    OrganisationId,
    StatusId,
)


def key_of(row: asyncpg.Record) -> ConversationKey:
    return ConversationKey(OrganisationId(row["organisation_id"]), ConversationId(row["id"]))


def ledger(row: asyncpg.Record, *, claim: EventId | None = None) -> Ledger:
    """`claim`: the word of closure that this run may judge, taken when it began."""
    return Ledger(
        key=key_of(row),
        connection=ConnectionId(row["connection_id"]),
        channel=ChannelId(row["channel_id"]),
        contact=ContactId(row["contact_id"]),
        address=row["address"],
        state=State(row["state"]),
        created_at=row["created_at"],
        case=None if row["case_id"] is None else CaseId(row["case_id"]),
        case_ordinal=row["case_ordinal"],
        case_number=row["case_number"],
        wants_case=row["wants_case"],
        agreed=None if row["agreed"] is None else Side(row["agreed"]),
        agreed_status=_status(row["agreed_status"]),
        last_open_status=_status(row["last_open_status"]),
        held_status=_status(row["held_status"]),
        reopened_status=_status(row["reopened_status"]),
        left_open=row["left_open"],
        agent_replied=row["agent_replied"],
        reopenings=tuple(row["reopenings"]),
        claim=claim,
        last_position=row["last_position"],
        last_contact_position=row["last_contact_position"],
        last_own_position=row["last_own_position"],
        linked_through=row["linked_through"],
        covered_through=row["covered_through"],
        read_through=row["read_through"],
        failures=row["failures"],
    )


def _status(value: object) -> StatusId | None:
    return None if value is None else StatusId(value)  # type: ignore[arg-type] # a uuid column


def own(row: asyncpg.Record) -> Own:
    return Own(
        message=MessageId(row["id"]),
        activity=ActivityId(row["activity_id"]),
        position=row["position"],
        author=Author(row["author"]),
        author_name=row["author_name"],
        kind=MessageKind(row["kind"]),
        text=row["text"],
        written_at=row["written_at"],
    )


def delivery(row: asyncpg.Record) -> Delivery:
    order: tuple[datetime, ActivityId] = (row["order_on"], ActivityId(row["order_id"]))
    return Delivery(
        id=DeliveryId(row["id"]),
        message=MessageId(row["message_id"]),
        kind=Kind.CLOSING if row["kind"] == MessageKind.CLOSING else Kind.MESSAGE,
        state=Debt(row["state"]),
        author=row["author"],
        author_name=row["author_name"],
        text=row["text"],
        written_at=row["written_at"],
        address=row["address"],
        order=order,
        owed_at=row["owed_at"],
        not_before=row["not_before"],
        attempts=row["attempts"],
        possible_double=row["possible_double"],
    )
