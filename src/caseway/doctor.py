"""Says how things stand: the checks of every connection, and the plan of one conversation."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from caseway.bootstrap import OpenStore, connection_checks
from caseway.config import Settings, is_private
from caseway.domain.delivery import Delivery
from caseway.domain.standing import Standing
from caseway.ports import Check, Mark, Ran
from caseway.store.standing import PostgresStandings


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation's plan, for a person or a script."""

    conversation: str
    state: str
    case: str
    agreed: str
    owed: list[str]  # the steps that its rows alone say are owed, in order
    waits: list[str]  # what is owed later, and when
    next_look: str
    stopped: str  # why its sync has stopped; empty: it has not
    journal: list[dict[str, Any]]  # the last looks, newest first


async def examine(store: OpenStore, settings: Settings) -> AsyncIterator[tuple[str, Check]]:
    """Every check of every connection, as it finishes, with the connection's name; before them
    what troubled it when it was used last, whole.
    """
    for listed in await store.registry.connections.list(store.organisation):
        if listed.trouble:
            since = f" (since {listed.trouble_since:%Y-%m-%d %H:%M UTC})"
            trouble = f"{listed.trouble}{since}"
            yield listed.connection.name, Check("trouble", Mark.WARN, trouble, "", timedelta())
        async for check in connection_checks(settings, store.sync, listed.connection):
            yield listed.connection.name, check


def public_url_warning(settings: Settings) -> str:
    """Empty where Creatio's cloud may reach us."""
    if not is_private(settings.public_url):
        return ""
    return (
        f"Creatio's cloud cannot reach {settings.public_url}. Set CASEWAY_BASE_URL to the public "
        "address; until then replies arrive by asking Creatio alone."
    )


def key_note(settings: Settings) -> str:
    """What the key of the secrets is good for."""
    place = "CASEWAY_SECRET_KEYS" if settings.secret_keys else str(settings.secret_key_file)
    return (
        f"Secrets are encrypted with the key in {place}. That protects a stolen database or "
        "backup, not a stolen machine: whoever has both the key and the database reads them."
    )


async def tell_plan(store: OpenStore, name: str, *, now: datetime) -> Told | None:
    """By the conversation's id or its case's number; None if there is none of that name."""
    standings = PostgresStandings(store.sync)
    key = await standings.find(store.organisation, name)
    found = None if key is None else await standings.standing(key)
    if key is None or found is None:
        return None
    return _told(found, await standings.last_runs(key, most=5), now)


def _told(found: Standing, runs: Sequence[Ran], now: datetime) -> Told:
    ledger = found.owed.ledger
    later = found.later(now)
    next_look = found.next_look(now)
    return Told(
        conversation=str(ledger.key.conversation),
        state=ledger.state,
        case=ledger.case_number or (str(ledger.case) if ledger.agreed else ""),
        agreed=ledger.agreed or "no case yet",
        owed=found.plan(now) or ([] if later else ["nothing"]),
        waits=[_waits(d) for d in later],
        next_look=next_look if isinstance(next_look, str) else _seconds(next_look),
        stopped=found.parked_reason or "",
        journal=[
            {
                "at": run.begun_at.isoformat(timespec="milliseconds"),
                "steps": [
                    {"ms": s.at, "side": s.side, "deed": s.deed, "why": s.why, "outcome": s.outcome}
                    for s in run.lines
                ],
            }
            for run in runs
        ],
    )


def _waits(delivery: Delivery) -> str:
    attempts = "1 attempt" if delivery.attempts == 1 else f"{delivery.attempts} attempts"
    due = f"{delivery.not_before:%Y-%m-%d %H:%M:%S} UTC"
    return f"reply {delivery.id}: {delivery.state}, {attempts}, again at {due}"


def _seconds(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
