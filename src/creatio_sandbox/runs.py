"""The process log: each run, what it sent, what it was answered, how often it tried."""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from creatio_sandbox.database import Database

KEPT: Final = 10_000
PRUNE_EVERY: Final = 500


class Attempt(msgspec.Struct):
    at: str
    duration_ms: float
    status: int | None = None
    answer: str = ""
    error: str = ""


class Run(msgspec.Struct):
    id: str
    process_id: str
    process: str
    entity: str
    record: str
    case: str | None
    status: Literal["Running", "Completed", "Error", "Canceled"]
    started: str
    completed: str | None = None
    url: str = ""
    request: str = ""
    error: str = ""
    attempts: list[Attempt] = []

    @property
    def duration_ms(self) -> float:
        return sum(attempt.duration_ms for attempt in self.attempts)


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

    def newest(self, limit: int = 100, *, case: str | None = None) -> list[Run]:
        where, values = ("WHERE case_id = ?", (case, limit)) if case else ("", (limit,))
        rows = self.database.all(
            f"SELECT body FROM _runs {where} ORDER BY started DESC, rowid DESC LIMIT ?", values
        )
        return [msgspec.json.decode(row[0], type=Run) for row in rows]

    def one(self, id: str) -> Run | None:
        row = self.database.one("SELECT body FROM _runs WHERE id = ?", (id,))
        return None if row is None else msgspec.json.decode(row[0], type=Run)

    def clear(self) -> None:
        self.database.run("DELETE FROM _runs")

    def close_interrupted(self) -> None:
        """A run that was under way when the program ended will never go on."""
        for run in self.newest(KEPT):
            if run.status == "Running":
                run.status, run.error = "Canceled", "The sandbox was stopped during this run."
                self.keep(run)
