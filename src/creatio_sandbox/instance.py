"""One Creatio: its records, its people, its processes, its weather. Everything is wired here."""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from creatio_sandbox.calling import LOOPBACK, Guard, Line, Network
from creatio_sandbox.clock import Clock
from creatio_sandbox.database import Database
from creatio_sandbox.engine import Engine
from creatio_sandbox.faults import Faults, Weather
from creatio_sandbox.feed import Feed
from creatio_sandbox.identity import INTEGRATION, SUPERVISOR, Credentials, Identity
from creatio_sandbox.library import Library
from creatio_sandbox.model import read_model, stock_rows
from creatio_sandbox.odata.resources import Resources
from creatio_sandbox.people import People
from creatio_sandbox.processes import CASE_CLOSED, NEW_REPLY, webhook_processes
from creatio_sandbox.records import Author, Change, Records
from creatio_sandbox.rights import Gate, Rights, read_rights_file
from creatio_sandbox.rules import RULES, react
from creatio_sandbox.runs import RunLog
from creatio_sandbox.samples import plant_cases
from creatio_sandbox.seeding import plant, plant_agent
from creatio_sandbox.services import ServiceBook

SAMPLE_CASES: Final = 42  # of --seed alone: six in each status
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
    agents: Sequence[str] = ()  # names of people who work at the desk besides
    schema: str | None = None  # a file with entities and columns of one's own
    rights: str | None = None  # a file that says who may do what
    seed: int | None = None  # a number that sample data is made from
    token_lifetime: timedelta = timedelta(hours=1)
    session_lifetime: timedelta = timedelta(hours=1)


class Instance:
    def __init__(self, plan: Plan, clock: Clock | None = None) -> None:
        known, self._own_rows = read_model(plan.schema)
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
        self.people = People(self.records, plan.user)
        self._hire()
        self.identity = Identity(self._credentials(), self.clock, self._who)
        self.gate = Gate()
        self.resources = Resources(self.records, self.gate)
        self._first_rights = read_rights_file(plan.rights, known, self.people.users())
        self.change_rights(self._first_rights)
        if plan.webhook_url:
            self.set_webhook(plan.webhook_url)
        self.change_faults(plan.faults)
        self._fresh = self.database.snapshot()
        self.records.listeners += [self._signal, self._react, self.feed.notice]

    @property
    def author(self) -> Author:
        """Who sits at the desk."""
        return SUPERVISOR

    def change_faults(self, faults: Faults) -> None:
        self.weather.change(faults)
        self.clock.offset = timedelta(seconds=faults.clock_offset_s)

    def change_rights(self, rights: Rights) -> None:
        self.gate.change(rights, self.people.users())

    def set_webhook(self, url: str | None, *, not_created_by: str | None = None) -> None:
        """Makes the two processes anew, or takes them away."""
        self.library.remove(NEW_REPLY)
        self.library.remove(CASE_CLOSED)
        if url:
            for process in webhook_processes(url, not_created_by=not_created_by):
                self.library.keep(process)

    def reset(self) -> None:
        """Back to how it was at the start, in milliseconds; a file is filled anew. Tokens and
        sessions stay good.
        """
        self.engine.stop_all()
        if self._fresh is not None:
            self.database.restore(self._fresh)
        else:
            self._begin_anew()
        self.change_rights(self._first_rights)
        self.change_faults(self.plan.faults)

    def close(self) -> None:
        if self._fresh is not None:
            self._fresh.close()
        self.database.close()

    def _begin_anew(self) -> None:
        with self.records.silence():
            self.database.empty()
            self._fill()
            self._hire()
        if self.plan.webhook_url:
            self.set_webhook(self.plan.webhook_url)

    def _who(self, name: str) -> Author | None:
        person = self.people.named(name)
        return person.author if person else None

    def _hire(self) -> None:
        """Those whom the plan names and the file does not know yet."""
        for name in self.plan.agents:
            if self.people.named(name) is None:
                with self.records.transaction():
                    plant_agent(self.records, name, self.clock.now())

    def _signal(self, changes: list[Change]) -> None:
        if not self.weather.faults.processes_stopped:
            self.engine.notice(changes)

    def _react(self, changes: list[Change]) -> None:
        react(self.records, changes, processes_run=not self.weather.faults.processes_stopped)

    def _fill_when_new(self) -> None:
        if not self.database.setting("filled"):
            self._fill()

    def _fill(self) -> None:
        with self.database.unchecked(), self.records.transaction():
            for entity, rows in (*stock_rows().items(), *self._own_rows.items()):
                for row in rows:
                    self.records.create(entity, _kept(row), by=SUPERVISOR, at=self.clock.now())
            if self.plan.seed is None:
                plant_cases(self.records, self.plan.seed_cases, self.clock.now())
            else:
                cases = self.plan.seed_cases or SAMPLE_CASES
                plant(self.records, self.plan.seed, cases, self.clock.now())
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
