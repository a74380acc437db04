"""Which activities are replies: the one truth for webhook and sweep alike.

A task that an agent made for a colleague must never reach a customer.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
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

COLUMN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")


class Ready(StrEnum):
    CREATED = "created"
    FINISHED = "finished"


class Field(StrEnum):
    """The column of a task that holds the words for the customer; an email's is its Body."""

    AUTO = "auto"  # the task's result
    BODY = "body"
    RESULT = "detailed_result"
    NOTES = "notes"
    TITLE = "title"


class Verdict(StrEnum):
    SENT = "sent"  # it is a reply
    WAITS = "waits"  # not yet: judged again when it is modified
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ReplyRule:
    types: frozenset[UUID] = frozenset({TASK, EMAIL})
    ready: Ready = Ready.CREATED
    categories: frozenset[UUID] = frozenset()  # empty: any
    internal_marker: str = "#internal"  # a title that begins so; empty: none
    internal_column: str = ""  # as OData calls it: whatever has it set is internal
    field: Field = Field.AUTO
    authors_left_out: frozenset[UUID] = frozenset()

    def __post_init__(self) -> None:
        if self.internal_column and COLUMN.fullmatch(self.internal_column) is None:
            raise ValueError(f"{self.internal_column!r} is no name of a column")


@dataclass(frozen=True, slots=True)
class Judgement:
    """`clause`: what decided, in words."""

    verdict: Verdict
    clause: str
    words: str = ""
    is_html: bool = False

    @property
    def text(self) -> str | None:
        """None for what is not a reply."""
        return self.words if self.verdict is Verdict.SENT else None

    @property
    def yet(self) -> bool:
        """It may become one when it is modified."""
        return self.verdict is Verdict.WAITS

    @property
    def reason(self) -> str:
        match self.verdict:
            case Verdict.SENT:
                return "would be sent"
            case Verdict.WAITS:
                return f"not a reply yet: {self.clause}"
            case Verdict.NEVER:
                return f"not a reply: {self.clause}"


def judge(activity: Activity, rule: ReplyRule) -> Judgement:
    """Whether an activity that is none of ours goes to the customer, and why, in words."""
    if clause := _never(activity, rule):
        return Judgement(Verdict.NEVER, clause)
    if activity.type_id == EMAIL and activity.send_status_id == NOT_SENT:
        return Judgement(Verdict.WAITS, "the email is a draft")
    if rule.ready is Ready.FINISHED and activity.status_id != COMPLETED:
        return Judgement(Verdict.WAITS, "the activity is not finished")
    column, words, is_html = text_of(activity, rule.field)
    if not words.strip():
        nothing = {"Body": "no text", "Result": "no result", "Notes": "no notes"}
        what = "email" if activity.type_id == EMAIL else "task"
        return Judgement(Verdict.WAITS, f"the {what} has {nothing.get(column, 'no title')}")
    return Judgement(Verdict.SENT, f"text from {column}", words, is_html)


def _never(activity: Activity, rule: ReplyRule) -> str:
    marker = rule.internal_marker.strip().lower()
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
    if rule.internal_column and activity.is_marked:
        return f"its column {rule.internal_column} is set"
    if activity.author_id in rule.authors_left_out:
        return "its author is left out"
    if activity.status_id == CANCELED:
        return "it was cancelled"
    for_colleague = activity.owner_id not in {activity.author_id, NOBODY}
    if activity.type_id != EMAIL and activity.author_id != NOBODY and for_colleague:
        return "a task for a colleague: its owner is not its author"
    return ""


def text_of(activity: Activity, field: Field) -> tuple[str, str, bool]:
    """Which field holds the words, as Creatio's pages call it, the words, and whether HTML."""
    if activity.type_id == EMAIL:
        return "Body", activity.body, activity.is_html
    match field:
        case Field.AUTO | Field.RESULT:
            return "Result", activity.detailed_result, False
        case Field.BODY:
            return "Body", activity.body, activity.is_html
        case Field.NOTES:
            return "Notes", activity.notes, False
        case Field.TITLE:
            return "Title", activity.title, False
