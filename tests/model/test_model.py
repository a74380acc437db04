"""The protocol, visited within small bounds; `python -m tests.model` visits the large ones."""

import pytest

from caseway.domain import closure
from tests.model import decide
from tests.model.check import check, show
from tests.model.scenarios import ALL, MUTATIONS
from tests.model.state import Bounds

# How many states each holds: fewer, and the search no longer sees what it is there to see.
STATES = {
    "out-2crashes": 15_730,
    "out-raise": 14_132,
    "in-bare-2": 46_325,
    "echo": 49_129,
    "closure": 27_315,
    "closure-next": 53_537,
    "closure-odd-2": 20_019,
}
LARGE = {"out", "in-stall", "closure-stall", "closure-next", "closure-fail", "sweep"}
SMALL_MUTATIONS = [m for m in MUTATIONS if m[1].name not in LARGE]
SIDES = (OPEN, RESOLVED) = (closure.Side.OPEN, closure.Side.RESOLVED)


@pytest.mark.parametrize("name", STATES)
def test_nothing_is_lost_doubled_or_forgotten_in_any_reachable_state(name: str) -> None:
    found = check(ALL[name])
    assert not found.fault, f"{found.fault}\n{show(found)}"
    assert found.whole
    assert found.states == STATES[name]


@pytest.mark.parametrize(
    ("without", "bounds", "noticed"),
    SMALL_MUTATIONS,
    ids=[f"{names} [{bounds.name}]" for names, bounds, _ in SMALL_MUTATIONS],
)
def test_a_missing_protection_is_noticed_unless_another_covers_it(
    without: str, bounds: Bounds, *, noticed: bool
) -> None:
    found = check(bounds, frozenset(without.split()), limit=1_000_000)
    assert bool(found.fault) == noticed, f"{found.fault or 'not noticed'}\n{show(found)}"


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize("claim", [False, True])
@pytest.mark.parametrize("ours", SIDES)
@pytest.mark.parametrize("theirs", SIDES)
@pytest.mark.parametrize("agreed", SIDES)
def test_the_product_decides_closures_as_the_model_does(
    agreed: closure.Side, theirs: closure.Side, ours: closure.Side, *, claim: bool, waiting: bool
) -> None:
    model = decide.merge(agreed, theirs, ours, claim=claim, waiting=waiting)
    product = closure.merge(agreed, theirs, ours, claim=claim, waiting=waiting)
    assert (product.ours, product.agreed, product.write or "", product.hold) == (
        model.ours,
        model.agreed,
        model.write,
        model.hold,
    )
    # A reopening that a waiting message forces overrules the claim too; the model notes only that
    # it is about to reopen.
    reopens = (agreed, theirs, ours) == (OPEN, RESOLVED, OPEN) and waiting
    assert product.overruled == (model.drop or (claim and reopens))


@pytest.mark.parametrize("under_reopened_status", [False, True])
@pytest.mark.parametrize("agreed", SIDES)
@pytest.mark.parametrize("flagged", [False, True])
def test_the_product_takes_the_same_claims_for_stale(
    agreed: closure.Side, *, flagged: bool, under_reopened_status: bool
) -> None:
    reopened = "u" if under_reopened_status else "o"
    assert closure.stale(
        flagged=flagged, agreed=agreed, under_reopened_status=under_reopened_status
    ) == decide.stale(flagged=flagged, status="u", agreed=agreed, reopened=reopened)
