"""The table of docs/explanation/protocol.md, row by row, and nothing besides its rows."""

from itertools import product

import pytest

from caseway.domain.closure import Side, Verdict, merge, stale

OPEN, RESOLVED = Side.OPEN, Side.RESOLVED
ANY = None
# agreed, theirs, ours, claim, waiting: the verdict
TABLE = [
    (OPEN, OPEN, OPEN, False, ANY, Verdict(OPEN, OPEN)),
    (OPEN, OPEN, OPEN, True, False, Verdict(RESOLVED, RESOLVED, hold=True)),
    (OPEN, OPEN, OPEN, True, True, Verdict(OPEN, OPEN, overruled=True)),
    (OPEN, RESOLVED, OPEN, ANY, False, Verdict(RESOLVED, RESOLVED)),
    (OPEN, RESOLVED, OPEN, False, True, Verdict(OPEN, OPEN, write=OPEN)),
    (OPEN, RESOLVED, OPEN, True, True, Verdict(OPEN, OPEN, write=OPEN, overruled=True)),
    (OPEN, OPEN, RESOLVED, ANY, ANY, Verdict(RESOLVED, OPEN, write=RESOLVED)),
    (OPEN, RESOLVED, RESOLVED, ANY, ANY, Verdict(RESOLVED, RESOLVED)),
    (RESOLVED, OPEN, ANY, False, ANY, Verdict(OPEN, OPEN)),
    (RESOLVED, OPEN, ANY, True, ANY, Verdict(RESOLVED, RESOLVED, hold=True)),
    (RESOLVED, RESOLVED, OPEN, ANY, ANY, Verdict(OPEN, RESOLVED, write=OPEN)),
    (RESOLVED, RESOLVED, RESOLVED, ANY, False, Verdict(RESOLVED, RESOLVED)),
    (RESOLVED, RESOLVED, RESOLVED, ANY, True, Verdict(OPEN, RESOLVED, write=OPEN)),
]


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize("claim", [False, True])
@pytest.mark.parametrize(("agreed", "theirs", "ours"), list(product(Side, repeat=3)))
def test_every_meeting_has_one_row_and_its_verdict(
    agreed: Side, theirs: Side, ours: Side, *, claim: bool, waiting: bool
) -> None:
    met = (agreed, theirs, ours, claim, waiting)
    rows = [
        row[5]
        for row in TABLE
        if all(wanted is ANY or wanted == got for wanted, got in zip(row, met, strict=False))
    ]
    assert len(rows) == 1
    assert merge(agreed, theirs, ours, claim=claim, waiting=waiting) == rows[0]


@pytest.mark.parametrize(("agreed", "theirs", "ours"), list(product(Side, repeat=3)))
@pytest.mark.parametrize("claim", [False, True])
def test_a_waiting_message_is_never_ended_from_over_there(
    agreed: Side, theirs: Side, ours: Side, *, claim: bool
) -> None:
    if ours is OPEN and agreed is OPEN:
        verdict = merge(agreed, theirs, ours, claim=claim, waiting=True)
        assert verdict.ours is OPEN


@pytest.mark.parametrize(
    ("flagged", "agreed", "under_reopened_status", "old"),
    [
        (True, OPEN, True, False),
        (True, RESOLVED, True, False),
        (False, OPEN, False, False),
        (False, OPEN, True, True),
        (False, RESOLVED, False, True),
        (False, RESOLVED, True, True),
    ],
)
def test_a_word_of_closure_is_old_by_status_alone(
    *, flagged: bool, agreed: Side, under_reopened_status: bool, old: bool
) -> None:
    said = stale(flagged=flagged, agreed=agreed, under_reopened_status=under_reopened_status)
    assert said is old
