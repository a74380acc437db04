"""Which activities reach a customer: each clause of the rule, and each reason in words."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from caseway.domain import stock
from caseway.domain.ids import NOBODY
from caseway.domain.reply_rule import Field, Ready, ReplyRule, judge
from tests.domain.ledgers import AGENT, reply

RULE = ReplyRule()
EMAIL: dict[str, Any] = {
    "type_id": stock.EMAIL,
    "body": "<p>Hello</p>",
    "is_html": True,
    "detailed_result": "",
    "message_type_id": stock.OUTGOING,
    "send_status_id": stock.SENT,
}
COLLEAGUE = UUID(int=71)
CALL = UUID("e1831dec-cfc0-df11-b00f-001d60e938c6")


def test_a_tasks_result_is_a_reply() -> None:
    verdict = judge(reply("Done"), RULE)
    assert (verdict.text, verdict.is_html, verdict.reason) == ("Done", False, "would be sent")


def test_an_emails_body_is_a_reply() -> None:
    verdict = judge(reply(**EMAIL), RULE)
    assert (verdict.text, verdict.is_html) == ("<p>Hello</p>", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type_id": CALL}, "not a reply: type Call"),
        ({**EMAIL, "message_type_id": stock.INCOMING}, "not a reply: an incoming email"),
        ({"is_auto_submitted": True}, "not a reply: sent automatically"),
        ({"title": "#INTERNAL ask Tom"}, "not a reply: its title begins with #internal"),
        ({"status_id": stock.CANCELED}, "not a reply: it was cancelled"),
        (
            {"owner_id": COLLEAGUE},
            "not a reply: a task for a colleague: its owner is not its author",
        ),
    ],
)
def test_what_never_is_a_reply_says_why(changes: dict[str, Any], reason: str) -> None:
    verdict = judge(reply(**changes), RULE)
    assert (verdict.text, verdict.yet, verdict.reason) == (None, False, reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"detailed_result": " \n"}, "not a reply yet: the task has no result"),
        ({**EMAIL, "body": ""}, "not a reply yet: the email has no text"),
        ({**EMAIL, "send_status_id": stock.NOT_SENT}, "not a reply yet: the email is a draft"),
    ],
)
def test_what_is_no_reply_yet_is_judged_again(changes: dict[str, Any], reason: str) -> None:
    verdict = judge(reply(**changes), RULE)
    assert (verdict.text, verdict.yet, verdict.reason) == (None, True, reason)


@pytest.mark.parametrize("changes", [{"owner_id": NOBODY}, {"author_id": NOBODY}])
def test_a_task_without_owner_or_author_is_for_nobody_else(changes: dict[str, Any]) -> None:
    assert judge(reply(**changes), RULE).text is not None


def test_an_emails_owner_may_be_another_one() -> None:
    assert judge(reply(**EMAIL, owner_id=COLLEAGUE), RULE).text is not None


def test_a_column_marks_what_is_internal() -> None:
    rule = replace(RULE, internal_column="UsrIsInternal")
    verdict = judge(reply(is_marked=True), rule)
    assert verdict.reason == "not a reply: its column UsrIsInternal is set"
    assert judge(reply(), rule).text is not None
    assert judge(reply(is_marked=True), RULE).text is not None
    for name in ("Usr Internal", "Usr,Id", "a&b", "1st", "x" * 129):
        with pytest.raises(ValueError, match="no name of a column"):
            replace(RULE, internal_column=name)


def test_an_emails_words_are_its_body_wherever_a_tasks_are() -> None:
    for field in Field:
        verdict = judge(reply(**EMAIL, notes="inside"), replace(RULE, field=field))
        assert (verdict.text, verdict.clause) == ("<p>Hello</p>", "text from Body")


def test_only_finished_ones_where_that_is_the_setting() -> None:
    rule = replace(RULE, ready=Ready.FINISHED)
    begun = judge(reply(status_id=UUID(int=9)), rule)
    assert (begun.text, begun.yet) == (None, True)
    assert judge(reply(), rule).text is not None


def test_only_chosen_categories() -> None:
    rule = replace(RULE, categories=frozenset({UUID(int=9)}))
    assert judge(reply(), rule).reason == "not a reply: its category is not among the chosen ones"
    assert judge(reply(category_id=UUID(int=9)), rule).text is not None


def test_authors_may_be_left_out() -> None:
    rule = replace(RULE, authors_left_out=frozenset({AGENT}))
    assert judge(reply(), rule).reason == "not a reply: its author is left out"


def test_types_may_be_chosen() -> None:
    rule = replace(RULE, types=frozenset({stock.EMAIL}))
    assert judge(reply(), rule).reason == "not a reply: type Task"


def test_an_empty_marker_marks_nothing() -> None:
    assert judge(reply(title="anything"), replace(RULE, internal_marker="")).text is not None


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (Field.AUTO, "result"),
        (Field.RESULT, "result"),
        (Field.BODY, "body"),
        (Field.NOTES, "notes"),
        (Field.TITLE, "title"),
    ],
)
def test_the_chosen_column_holds_the_words(field: Field, words: str) -> None:
    task = reply("result", body="body", notes="notes", title="title")
    assert judge(task, replace(RULE, field=field)).text == words


def test_notes_and_title_of_a_task_stay_inside_unless_chosen() -> None:
    task = reply("", notes="He is difficult", title="Call him")
    assert judge(task, RULE).text is None
