"""Which activities are replies: the one truth for webhook and sweep alike.

A task that an agent made for a colleague must never reach a customer.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from caseway.domain.ids import NOBODY
from caseway.domain.remote import Activity
from caseway.domain.stock import (
    CANCELED,
    COMPLETED,
    EMAIL,
    INCOMING,
    NOT_SENT,
    TASK,
    TYPE_NAMES,
)


class Ready(StrEnum):
    CREATED = "created"
    FINISHED = "finished"


class Field(StrEnum):
    """The column that holds the words for the customer."""

    AUTO = "auto"  # an email's Body, a task's DetailedResult
    BODY = "body"
    RESULT = "detailed_result"
    NOTES = "notes"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class ReplyRule:
    types: frozenset[UUID] = frozenset({TASK, EMAIL})
    ready: Ready = Ready.CREATED
    categories: frozenset[UUID] = frozenset()  # empty: any
    internal_marker: str = "#internal"
    field: Field = Field.AUTO
    authors_left_out: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """`text` is None for what is not a reply; `yet`: it may become one when it is modified."""

    text: str | None
    reason: str
    yet: bool = False
    is_html: bool = False


def judge(activity: Activity, rule: ReplyRule) -> Judgement:
    """Whether an activity that is none of ours goes to the customer, and why, in words."""
    if reason := _never(activity, rule):
        return Judgement(None, f"not a reply: {reason}")
    if activity.type_id == EMAIL and activity.send_status_id == NOT_SENT:
        return Judgement(None, "not a reply yet: the email is a draft", yet=True)
    if rule.ready is Ready.FINISHED and activity.status_id != COMPLETED:
        return Judgement(None, "not a reply yet: the activity is not finished", yet=True)
    words, is_html = _words(activity, rule.field)
    if not words.strip():
        what = "the email has no text" if activity.type_id == EMAIL else "the task has no result"
        return Judgement(None, f"not a reply yet: {what}", yet=True)
    return Judgement(words, "would be sent", is_html=is_html)


def _never(activity: Activity, rule: ReplyRule) -> str:
    marker = rule.internal_marker.lower()
    if activity.type_id not in rule.types:
        return f"type {TYPE_NAMES.get(activity.type_id, activity.type_id)}"
    if activity.message_type_id == INCOMING:
        return "an incoming email"
    if activity.is_auto_submitted:
        return "sent automatically"
    if rule.categories and activity.category_id not in rule.categories:
        return "its category is not among the chosen ones"
    if marker and activity.title.strip().lower().startswith(marker):
        return f"its title begins with {rule.internal_marker}"
    if activity.author_id in rule.authors_left_out:
        return "its author is left out"
    if activity.status_id == CANCELED:
        return "it was cancelled"
    for_colleague = activity.owner_id not in {activity.author_id, NOBODY}
    if activity.type_id != EMAIL and activity.author_id != NOBODY and for_colleague:
        return "a task for a colleague: its owner is not its author"
    return ""


def _words(activity: Activity, field: Field) -> tuple[str, bool]:
    match field:
        case Field.AUTO if activity.type_id == EMAIL:
            return activity.body, activity.is_html
        case Field.AUTO | Field.RESULT:
            return activity.detailed_result, False
        case Field.BODY:
            return activity.body, activity.is_html
        case Field.NOTES:
            return activity.notes, False
        case Field.TITLE:
            return activity.title, False
