"""Columns and records, each way."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.creatio.mapping import (
    TITLE_CHARACTERS,
    ActivityRow,
    activity,
    activity_fields,
    case_body,
    contact_body,
    cut,
    stamp,
    utc,
)
from caseway.creatio.odata import activities_of, any_of, moment, newest_activities, text
from caseway.domain.ids import NOBODY, RemoteContactId
from caseway.domain.remote import NewContact
from caseway.domain.stock import COMPLETED, TASK
from tests.creatio.parts import new_activities, new_case

EMPTY = "00000000-0000-0000-0000-000000000000"


def row(**columns: object) -> ActivityRow:
    whole = {
        "Id": "6b1f2f2e-0d1b-4a1c-8a57-1a2b3c4d5e6f",
        "CreatedOn": "2026-11-23T11:00:00.1234567Z",
        "ModifiedOn": "2026-11-23T12:00:00+03:00",
        **columns,
    }
    return msgspec.json.decode(json.dumps(whole), type=ActivityRow)


def test_empty_columns_and_nulls_are_read_alike() -> None:
    emptied = activity(row(CaseId=EMPTY, AuthorId=EMPTY, Title="", Recepient="", Author=None))
    nulled = activity(row(CaseId=None, AuthorId=None, Title=None, Recepient=None))
    assert emptied == nulled
    assert emptied.case is None
    assert emptied.author_id == NOBODY


def test_times_are_read_as_utc_whatever_their_spelling() -> None:
    read = activity(row())
    assert read.created_on == datetime(2026, 11, 23, 11, 0, 0, 123457, UTC)
    assert read.modified_on == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3)))).year == 1
    assert utc(datetime(2026, 1, 1)).tzinfo is UTC  # noqa: DTZ001


def test_all_recipients_are_told() -> None:
    read = activity(row(Recepient="a@x", CopyRecepient="", BlindCopyRecepient="c@x"))
    assert read.recipients == "a@x; c@x"


def test_an_activity_is_a_finished_task_that_reminds_nobody() -> None:
    [new] = new_activities(new_case().id, 1)
    fields = activity_fields(replace(new, text="a < b\nsecond & third", title="T" * 600))
    assert fields["TypeId"] == TASK
    assert fields["StatusId"] == COMPLETED
    assert fields["DetailedResult"] == "a < b\nsecond & third"  # plain text keeps its lines
    assert not any(fields[name] for name in ("ShowInScheduler", "RemindToOwner", "RemindToAuthor"))
    assert fields["StartDate"] == fields["DueDate"] == "2026-11-23T11:58:30.250000Z"
    assert len(str(fields["Title"])) == TITLE_CHARACTERS
    assert "ContactId" not in fields
    assert "AuthorId" not in fields


def test_what_was_not_chosen_is_left_to_creatio() -> None:
    body = json.loads(case_body(new_case(owner=uuid4(), subject=" \n ")))
    assert body.keys() == {"Id", "Subject", "Symptoms", "OwnerId"}
    assert body["Subject"]
    contact = NewContact(RemoteContactId(uuid4()), "", "ann@example.com", "")
    assert json.loads(contact_body(contact))["Name"] == "ann@example.com"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(2, 80))
def test_a_title_fits_by_the_way_their_columns_count(words: str, limit: int) -> None:
    short = cut(words, limit)
    assert len(short.encode("utf-16-le")) <= limit * 2
    assert "\0" not in short
    assert "\n" not in short


@given(st.datetimes(timezones=st.timezones()))
def test_every_time_that_is_sent_ends_in_z(at: datetime) -> None:
    try:
        moment_of = at.astimezone(UTC)
    except OverflowError:
        return  # no such moment
    assert stamp(at).endswith("Z")
    assert datetime.fromisoformat(stamp(at)) == moment_of
    assert moment(moment_of).endswith("Z")


def test_an_address_stays_short_and_clean() -> None:
    ids = [uuid4() for _ in range(12)]
    addresses = [
        activities_of(ids[0], datetime.now(UTC), 20_000),
        newest_activities(ids, 50),
        any_of("Id", ids),
    ]
    for address in addresses:
        assert len(address) < 1_900
        assert address.isascii()
        assert not set(address) & set(" \"'<>#+")
    with pytest.raises(ValueError):
        any_of("Id", [*ids, UUID(int=1)])


@given(st.text())
def test_no_text_escapes_its_quotes(words: str) -> None:
    try:
        quoted = text(words)
    except UnicodeEncodeError:
        return
    inner = quoted.removeprefix("%27").removesuffix("%27")
    assert inner.replace("%27%27", "").count("%27") == 0
    assert not set(inner) & set("'&#?+ ")
