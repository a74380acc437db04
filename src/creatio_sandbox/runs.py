"""The process log: each run, its elements, what it sent, what it was answered, how often."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import msgspec

from creatio_sandbox.database import Database

KEPT: Final = 10_000
PRUNE_EVERY: Final = 500

Status = Literal["Running", "Completed", "Error", "Canceled"]
STATUSES: Final[tuple[str, ...]] = get_args(Status)
_STATUS: Final = "json_extract(CAST(body AS TEXT), '$.status')"


class Attempt(msgspec.Struct):
    at: str
    duration_ms: float
    status: int | None = None
    answer: str = ""
    error: str = ""
    element: str = ""  # whose call this was


class Step(msgspec.Struct):
    """One element of a run."""

    id: str
    title: str
    kind: str
    status: Status = "Running"
    started: str = ""
    duration_ms: float = 0
    note: str = ""  # what came of it, in a sentence
    url: str = ""  # with its method, as sent
    headers: dict[str, str] = {}
    request: str = ""
    failed: bool = False  # a call with Success = no


class Run(msgspec.Struct):
    id: str
    process_id: str
    process: str
    entity: str
    record: str
    case: str | None
    status: Status
    started: str
    completed: str | None = None
    url: str = ""
    request: str = ""
    error: str = ""
    attempts: list[Attempt] = []
    steps: list[Step] = []
    version: int = 1
    by: str = ""  # who started it by hand
    waits: str = ""  # why it stays Running for ever

    @property
    def duration_ms(self) -> float:
        return sum(attempt.duration_ms for attempt in self.attempts)

    @property
    def calls_failed(self) -> int:
        return sum(step.failed for step in self.steps)


class Today(msgspec.Struct, frozen=True):
    runs: int = 0
    errors: int = 0


@dataclass(slots=True)
class RunLog:
    database: Database
    since_pruned: int = 0

    def keep(self, run: Run) -> None:
        self.database.run(
            "INSERT INTO _runs VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT (id) DO UPDATE SET body = ?5",
            (run.id, run.process_id, run.case, run.started, msgspec.json.encode(run)),
        )
        self.since_pruned += 1
        if self.since_pruned >= PRUNE_EVERY:
            self.since_pruned = 0
            self.database.run(
                "DELETE FROM _runs WHERE started <"
                " (SELECT started FROM _runs ORDER BY started DESC LIMIT 1 OFFSET ?)",
                (KEPT,),
            )

    def newest(
        self,
        limit: int = 100,
        *,
        case: str | None = None,
        process: str | None = None,
        status: str | None = None,
    ) -> list[Run]:
        asked = (("case_id", case), ("process_id", process), (_STATUS, status))
        chosen = [(column, value) for column, value in asked if value]
        where = " AND ".join(f"{column} = ?" for column, _ in chosen) or "1"
        rows = self.database.all(
            f"SELECT body FROM _runs WHERE {where} ORDER BY started DESC, rowid DESC LIMIT ?",
            (*(value for _, value in chosen), limit),
        )
        return [msgspec.json.decode(row[0], type=Run) for row in rows]

    def one(self, id: str) -> Run | None:
        row = self.database.one("SELECT body FROM _runs WHERE id = ?", (id,))
        return None if row is None else msgspec.json.decode(row[0], type=Run)

    def since(self, moment: str) -> dict[str, Today]:
        """How many runs of each process, and how many of them with Error."""
        rows = self.database.all(
            f"SELECT process_id, count(*), sum({_STATUS} = 'Error') FROM _runs"
            " WHERE started >= ? GROUP BY process_id",
            (moment,),
        )
        return {process: Today(runs, errors) for process, runs, errors in rows}

    def clear(self) -> None:
        self.database.run("DELETE FROM _runs")

    def close_interrupted(self) -> None:
        """A run that was under way when the program ended will never go on.

        One that waits for ever does so after a restart too.
        """
        for run in self.newest(KEPT, status="Running"):
            if not run.waits:
                self.cancel(run, "The sandbox was stopped during this run.")

    def cancel(self, run: Run, reason: str) -> None:
        run.status, run.error, run.waits = "Canceled", reason, ""
        for step in run.steps:
            if step.status == "Running":
                step.status = "Canceled"
        self.keep(run)
