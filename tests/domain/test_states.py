"""States are tables: in the domain, in the schema, and nowhere else."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.domain import conversation, delivery
from caseway.domain.adoption import Outcome
from caseway.domain.closure import Side

SCHEMA = (Path(__file__).parents[2] / "src/caseway/store/schema.sql").read_text(encoding="utf-8")


def allowed(table: str, column: str) -> set[str]:
    """The values that the column's CHECK constraint admits."""
    body = SCHEMA.split(f"CREATE TABLE {table} (")[1].split("\n)")[0]
    found = re.search(rf"\b{column} text[^,]*?CHECK \({column} IN \(([^)]*)\)\)", body, re.DOTALL)
    assert found is not None, f"{table}.{column} has a CHECK"
    return set(re.findall(r"'([a-z_]+)'", found[1]))


@pytest.mark.parametrize(
    ("table", "column", "states"),
    [
        ("conversation", "state", conversation.State),
        ("conversation", "agreed", Side),
        ("message", "author", conversation.Author),
        ("message", "kind", conversation.MessageKind),
        ("delivery", "state", delivery.State),
        ("webhook_event", "outcome", Outcome),
    ],
)
def test_the_schema_admits_exactly_the_states_of_the_domain(
    table: str, column: str, states: type[StrEnum]
) -> None:
    assert allowed(table, column) == {str(one) for one in states}


def test_every_state_of_a_delivery_has_its_row() -> None:
    assert set(delivery.TRANSITIONS) == set(delivery.State)


def test_every_state_of_a_conversation_has_its_row() -> None:
    assert set(conversation.TRANSITIONS) == set(conversation.State)


def test_an_agents_reply_ends_the_ais_turn_and_reopens_nothing() -> None:
    answered = {
        state: moves[conversation.Move.ANSWERED]
        for state, moves in conversation.TRANSITIONS.items()
    }
    assert answered == {
        conversation.State.AI: conversation.State.HUMAN,
        conversation.State.WAITING: conversation.State.HUMAN,
        conversation.State.HUMAN: conversation.State.HUMAN,
        conversation.State.RESOLVED: conversation.State.RESOLVED,
    }


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (delivery.State.OWED, delivery.Event.ACCEPTED),  # nothing left without a claim
        (delivery.State.DELIVERED, delivery.Event.REJECTED),
        (delivery.State.READ, delivery.Event.CLAIMED),
        (delivery.State.SENT, delivery.Event.CLAIMED),
        (delivery.State.FAILED, delivery.Event.CLAIMED),
    ],
)
def test_an_illegal_move_is_an_error(state: delivery.State, event: delivery.Event) -> None:
    assert event not in delivery.TRANSITIONS[state]


@given(events=st.lists(st.sampled_from(delivery.Event)))
def test_a_delivery_that_arrived_is_never_owed_again(events: list[delivery.Event]) -> None:
    state, arrived = delivery.State.OWED, False
    for event in events:
        state = delivery.TRANSITIONS[state].get(event, state)
        arrived |= state in {delivery.State.DELIVERED, delivery.State.READ}
        assert not (arrived and state in delivery.UNSETTLED)


@given(events=st.lists(st.sampled_from(delivery.Event)))
def test_from_every_state_a_delivery_can_still_be_settled(events: list[delivery.Event]) -> None:
    state = delivery.State.OWED
    for event in events:
        state = delivery.TRANSITIONS[state].get(event, state)
    if state in delivery.UNSETTLED:
        state = delivery.TRANSITIONS[state][delivery.Event.CLAIMED]
        assert delivery.TRANSITIONS[state][delivery.Event.ACCEPTED] not in delivery.UNSETTLED
