"""One Creatio: its records, its people, its processes, its weather. Everything is wired here."""

import ipaddress
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from creatio_sandbox.calling import LOOPBACK, Guard, Line, Network
from creatio_sandbox.clock import Clock
from creatio_sandbox.database import Database
from creatio_sandbox.engine import Engine
from creatio_sandbox.entities import known_entities, stock_rows
from creatio_sandbox.faults import Faults, Weather
from creatio_sandbox.feed import Feed
from creatio_sandbox.identity import INTEGRATION, SUPERVISOR, Credentials, Identity
from creatio_sandbox.library import Library
from creatio_sandbox.odata.resources import Resources
from creatio_sandbox.processes import CASE_CLOSED, NEW_REPLY, webhook_processes
from creatio_sandbox.records import Author, Change, Records
from creatio_sandbox.rules import RULES, react
from creatio_sandbox.runs import RunLog
from creatio_sandbox.samples import plant_cases
from creatio_sandbox.services import ServiceBook

PREFIXES: Final = {"framework": ("/0",), "core": ("",), "both": ("/0", "")}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a sandbox is to be; the command line and the tests fill it in."""

    data: str = ":memory:"
    user: str = "Supervisor"
    password: str = "Supervisor"  # noqa: S105 (the known default of a sandbox)
    client_id: str = "sandbox"
    client_secret: str | None = None  # None: made once and kept with the data
    token_acts_as_user: bool = False  # instead of as the technical user
    platform: str = "both"
    webhook_url: str | None = None
    faults: Faults = field(default_factory=Faults)
    seed_cases: int = 0
    networks: Sequence[Network] = LOOPBACK
    desk_open: bool = False
    token_lifetime: timedelta = timedelta(hours=1)
    session_lifetime: timedelta = timedelta(hours=1)


class Instance:
    def __init__(self, plan: Plan, clock: Clock | None = None) -> None:
        known = known_entities()
        self.plan = plan
        self.clock = clock or Clock()
        self.database = Database(plan.data, known)
        self.records = Records(self.database, self.clock, known, RULES)
        self.weather = Weather()
        self.feed = Feed()
        self.library = Library(self.database, self.clock)
        self.services = ServiceBook(self.database)
        self.log = RunLog(self.database)
        self.engine = Engine(
            self.records,
            self.library,
            self.services,
            self.log,
            self.weather,
            Line(Guard(plan.networks), self.clock),
            self.feed.nudge,
        )
        self._fill_when_new()
        self.identity = Identity(self._credentials(), self.clock)
        self.resources = Resources(self.records)
        if plan.webhook_url:
            self.set_webhook(plan.webhook_url)
        self.change_faults(plan.faults)
        self._fresh: sqlite3.Connection = self.database.snapshot()
        self.records.listeners += [self.engine.notice, self._react, self.feed.notice]

    @property
    def author(self) -> Author:
        """Who sits at the desk."""
        return SUPERVISOR

    def change_faults(self, faults: Faults) -> None:
        self.weather.change(faults)
        self.clock.offset = timedelta(seconds=faults.clock_offset_s)

    def set_webhook(self, url: str | None, *, not_created_by: str | None = None) -> None:
        """Makes the two processes anew, or takes them away."""
        self.library.remove(NEW_REPLY)
        self.library.remove(CASE_CLOSED)
        if url:
            for process in webhook_processes(url, not_created_by=not_created_by):
                self.library.keep(process)

    def reset(self) -> None:
        """Back to how it was at the start, in milliseconds. Tokens and sessions stay good."""
        self.engine.stop_all()
        self.database.restore(self._fresh)
        self.change_faults(self.plan.faults)

    def close(self) -> None:
        self._fresh.close()
        self.database.close()

    def _react(self, changes: list[Change]) -> None:
        react(self.records, changes)

    def _fill_when_new(self) -> None:
        if self.database.setting("filled"):
            return
        with self.database.unchecked(), self.records.transaction():
            for entity, rows in stock_rows().items():
                for row in rows:
                    self.records.create(entity, _kept(row), by=SUPERVISOR, at=self.clock.now())
            plant_cases(self.records, self.plan.seed_cases, self.clock.now())
            self.database.keep_setting("filled", "1")

    def _credentials(self) -> Credentials:
        plan = self.plan
        secret = plan.client_secret or self.database.setting("client_secret")
        if secret is None:
            secret = secrets.token_urlsafe(24)
            self.database.keep_setting("client_secret", secret)
        return Credentials(
            user=plan.user,
            password=plan.password,
            client_id=plan.client_id,
            client_secret=secret,
            oauth_user=SUPERVISOR if plan.token_acts_as_user else INTEGRATION,
            token_lifetime=plan.token_lifetime,
            session_lifetime=plan.session_lifetime,
        )


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}


def read_networks(text: str) -> tuple[Network, ...]:
    """Loopback is always among them."""
    given = [part.strip() for part in text.split(",") if part.strip()]
    return (*LOOPBACK, *(ipaddress.ip_network(part) for part in given))
