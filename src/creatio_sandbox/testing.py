"""A sandbox inside a test: on a free port, in a thread, with the verbs of a person at the desk.

    with start() as sandbox:
        case = sandbox.create("Case", {"Subject": "Rear brake squeals"})
        sandbox.write_task(case, "The pads are on their way.")

The verbs block for a millisecond and may be called from any thread but the sandbox's own.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from creatio_sandbox.acts import Desk
from creatio_sandbox.casebook import case_list, whole_case
from creatio_sandbox.failures import Missing
from creatio_sandbox.faults import Faults, read_faults
from creatio_sandbox.instance import Plan
from creatio_sandbox.people import Person
from creatio_sandbox.processes import Process
from creatio_sandbox.records import Author, Row
from creatio_sandbox.rights import ALL_ALLOWED, Rights, read_rights
from creatio_sandbox.runs import Run
from creatio_sandbox.server import Address, Serving, prepare, run_to_the_end
from creatio_sandbox.services import WebService

__all__ = ["Faults", "Plan", "Process", "Rights", "Run", "Sandbox", "WebService", "start"]

T = TypeVar("T")
PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Sandbox:
    serving: Serving
    loop: asyncio.AbstractEventLoop
    who: Author | None = None  # at the desk; None: whom it was started for

    @property
    def address(self) -> Address:
        return self.serving.address

    @property
    def url(self) -> str:
        return self.address.url

    @property
    def key(self) -> str:
        """For the X-Sandbox-Key header of /sandbox/*."""
        return self.address.client_secret

    # --- a person at the desk -------------------------------------------------------------

    def as_person(self, name: str) -> "Sandbox":
        """The same sandbox, where another of the people at the desk acts."""
        return replace(self, who=self._person(name).author)

    def people(self) -> list[str]:
        """Who may sit at the desk; the first is whom the sandbox was started for."""
        people = self.serving.instance.people
        return [person.name for person in self._there(people.all)]

    def cases(self, *, search: str = "", status: str = "") -> list[dict[str, Any]]:
        records = self.serving.instance.records
        return self._there(lambda: case_list(records, search=search, status=status, limit=20_000))

    def case(self, id: str) -> dict[str, Any]:
        """`case`, `activities`, `notes` and `files`, as on the wire, oldest first."""
        return self._there(lambda: whole_case(self.serving.instance.records, id.lower()))

    def write_task(
        self, case: str, text: str, *, title: str | None = None, finished: bool = True
    ) -> str:
        return self._there(
            lambda: self._desk.write_task(case, text, title=title, finished=finished)
        )

    def finish_task(self, activity: str, text: str) -> None:
        self._there(lambda: self._desk.finish_task(activity, text))

    def write_email(
        self,
        case: str,
        text: str,
        *,
        to: str | None = None,
        title: str | None = None,
        sent: bool = True,
    ) -> str:
        return self._there(
            lambda: self._desk.write_email(case, text, to=to, title=title, sent=sent)
        )

    def send_draft(self, activity: str) -> None:
        self._there(lambda: self._desk.send_draft(activity))

    def receive_email(self, case: str, text: str, *, sender: str | None = None) -> str:
        return self._there(lambda: self._desk.receive_email(case, text, sender=sender))

    def note(self, case: str, text: str) -> str:
        return self._there(lambda: self._desk.note(case, text))

    def set_status(self, case: str, status: str) -> None:
        self._there(lambda: self._desk.set_status(case, status))

    def resolve(self, case: str) -> None:
        self.set_status(case, "Resolved")

    def close(self, case: str) -> None:
        self.set_status(case, "Closed")

    def reopen(self, case: str) -> None:
        self.set_status(case, "Reopened")

    def take_over(self, case: str) -> None:
        self._there(lambda: self._desk.take_over(case))

    def assign(self, case: str, name: str | None) -> None:
        """To one of the people at the desk, or to nobody."""
        contact = self._person(name).author.contact if name else None
        self._there(lambda: self._desk.assign(case, contact))

    def attach(self, case: str, name: str, content: bytes, *, activity: str | None = None) -> str:
        """A file of the case, or of one of its activities."""
        return self._there(lambda: self._desk.attach(case, name, content, activity=activity))

    # --- any record -----------------------------------------------------------------------

    def create(self, entity: str, columns: Mapping[str, Any]) -> str:
        """Written by the desk's user; values as on the wire."""
        return self._there(lambda: self._desk.create(entity, columns))

    def change(self, entity: str, id: str, columns: Mapping[str, Any]) -> None:
        self._there(lambda: self._desk.change(entity, id, columns))

    def delete(self, entity: str, id: str) -> None:
        self._there(lambda: self._desk.delete(entity, id))

    def row(self, entity: str, id: str) -> Row | None:
        """In stored form: NULL is None, times have no zone and are UTC."""
        return self._there(lambda: self.serving.instance.records.row(entity, id.lower()))

    # --- the world around it --------------------------------------------------------------

    def set_faults(self, faults: Faults | None = None, **given: Any) -> None:
        """In place of those of before; with nothing given the weather is calm again."""
        chosen = read_faults(given, faults)
        self._there(lambda: self.serving.instance.change_faults(chosen))

    def set_rights(self, rights: Rights = ALL_ALLOWED) -> None:
        """In place of those of before; with nothing given everybody may do everything."""
        given = msgspec.json.encode(rights)
        instance = self.serving.instance

        def change() -> None:
            users = instance.people.users()
            instance.change_rights(read_rights(given, instance.records.known, users))

        self._there(change)

    def set_webhook(self, url: str | None, *, not_created_by: str | None = None) -> None:
        instance = self.serving.instance
        self._there(lambda: instance.set_webhook(url, not_created_by=not_created_by))

    def keep_process(self, process: Process) -> Process:
        return self._there(lambda: self.serving.instance.library.keep(process))

    def processes(self) -> list[Process]:
        return self._there(self.serving.instance.library.all)

    def run_process(self, process: str, record: str) -> Run:
        """By hand, as if the signal had named this record."""
        instance = self.serving.instance

        def run() -> Run:
            known = instance.library.one(process)
            if known is None:
                raise Missing(f"There is no process '{process}'.")
            return instance.engine.run_by_hand(known, record, by="a test")

        return self._there(run)

    def keep_service(self, service: WebService) -> WebService:
        return self._there(lambda: self.serving.instance.services.keep(service))

    def services(self) -> list[WebService]:
        return self._there(self.serving.instance.services.all)

    def log(self, limit: int = 1000, *, case: str | None = None) -> Sequence[Run]:
        """Newest first."""
        return self._there(lambda: self.serving.instance.log.newest(limit, case=case))

    def wait_until_idle(self, patience: timedelta = PATIENCE) -> None:
        """Until no process run is under way. Not from the thread that must answer the webhook."""
        idle = asyncio.run_coroutine_threadsafe(self.serving.instance.engine.idle(), self.loop)
        idle.result(patience.total_seconds())

    def end_sessions(self) -> None:
        """Every session and token given out so far is refused from now on."""

        def forget() -> None:
            self.serving.instance.identity.tokens.clear()
            self.serving.instance.identity.sessions.clear()

        self._there(forget)

    def change_secret(self, secret: str) -> None:
        """As an administrator does who lets the old one expire; tokens given out end with it."""
        identity = self.serving.instance.identity

        def change() -> None:
            identity.credentials = replace(identity.credentials, client_secret=secret)
            identity.tokens.clear()

        self._there(change)

    def reset(self) -> None:
        """Records, processes, log, faults and rights as at the start; tokens stay good."""
        self._there(self.serving.instance.reset)

    @property
    def _desk(self) -> Desk:
        instance = self.serving.instance
        return Desk(instance.records, self.who or instance.author)

    def _person(self, name: str) -> Person:
        people = self.serving.instance.people
        person = self._there(lambda: people.named(name))
        if person is None:
            raise Missing(f"There is nobody called '{name}'.")
        return person

    def _there(self, deed: Callable[[], T]) -> T:
        """Does it on the sandbox's own thread."""
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(deed())
            except BaseException as failure:  # noqa: BLE001 (raised again where it was asked for)
                outcome.set_exception(failure)

        self.loop.call_soon_threadsafe(run)
        return outcome.result(PATIENCE.total_seconds())


@contextmanager
def start(
    plan: Plan | None = None, *, port: int = 0, identity_port: int | None = None
) -> Iterator[Sandbox]:
    """Port 0 takes any free one. Ends with the block, whatever is still under way."""
    serving = prepare(plan or Plan(), port=port, identity_port=identity_port)
    up: Future[asyncio.AbstractEventLoop] = Future()

    async def serve() -> None:
        await serving.run(lambda: up.set_result(asyncio.get_running_loop()))

    def live() -> None:
        try:
            run_to_the_end(serve())
        except BaseException as failure:
            if up.done():
                raise
            up.set_exception(failure)

    thread = threading.Thread(target=live, name="creatio-sandbox", daemon=True)
    thread.start()
    loop = up.result(PATIENCE.total_seconds())
    try:
        yield Sandbox(serving, loop)
    finally:
        serving.stop()
        thread.join(PATIENCE.total_seconds())
