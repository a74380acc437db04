"""The process library: what is saved and runs, its earlier versions, and unsaved drawings."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from creatio_sandbox.clock import Clock, stamp
from creatio_sandbox.database import Database
from creatio_sandbox.processes import Process


def _read(body: bytes) -> Process:
    return msgspec.json.decode(body, type=Process)


@dataclass(frozen=True, slots=True)
class Library:
    """Small, read at each signal: what the page shows is what runs."""

    database: Database
    clock: Clock
    new_id: Callable[[], object] = uuid4

    def all(self) -> list[Process]:
        rows = self.database.all("SELECT body FROM _processes ORDER BY position")
        return [_read(row[0]) for row in rows]

    def one(self, id: str) -> Process | None:
        row = self.database.one("SELECT body FROM _processes WHERE id = ?", (id,))
        return None if row is None else _read(row[0])

    def keep(self, process: Process) -> Process:
        """A save. If what is drawn in an active process differs, it is a new version."""
        kept = msgspec.structs.replace(process, id=process.id or str(self.new_id()))
        known = self.one(kept.id)
        if known is None:
            kept.version, kept.saved = 1, self._now()
        elif kept.drawing != known.drawing:
            kept.version = known.version + known.active
            kept.saved = self._now()
        else:
            kept.version, kept.saved = known.version, known.saved
        with self.database.transaction():
            body = msgspec.json.encode(kept)
            self.database.run(
                "INSERT INTO _processes VALUES"
                " (?1, (SELECT coalesce(max(position), 0) + 1 FROM _processes), ?2)"
                " ON CONFLICT (id) DO UPDATE SET body = ?2",
                (kept.id, body),
            )
            self.database.run(
                "INSERT OR REPLACE INTO _versions VALUES (?, ?, ?)", (kept.id, kept.version, body)
            )
        return kept

    def remove(self, id: str) -> bool:
        """With its versions and its draft; its runs stay in the log."""
        with self.database.transaction():
            self.database.run("DELETE FROM _versions WHERE id = ?", (id,))
            drafts = self.database.run("DELETE FROM _drafts WHERE id = ?", (id,))
            return self.database.run("DELETE FROM _processes WHERE id = ?", (id,)) + drafts > 0

    def versions(self, id: str) -> list[Process]:
        """Newest first."""
        rows = self.database.all(
            "SELECT body FROM _versions WHERE id = ? ORDER BY version DESC", (id,)
        )
        return [_read(row[0]) for row in rows]

    # --- drawings that are not saved yet --------------------------------------------------

    def draft(self, id: str) -> Process | None:
        row = self.database.one("SELECT body FROM _drafts WHERE id = ?", (id,))
        return None if row is None else _read(row[0])

    def drafts(self) -> list[Process]:
        """Every unsaved drawing, oldest first."""
        return [_read(row[0]) for row in self.database.all("SELECT body FROM _drafts")]

    def keep_draft(self, draft: Process) -> None:
        """A drawing that equals what is saved is no draft."""
        known = self.one(draft.id)
        if known and draft.drawing == known.drawn().drawing and draft.active == known.active:
            self.drop_draft(draft.id)
            return
        self.database.run(
            "INSERT OR REPLACE INTO _drafts VALUES (?, ?)", (draft.id, msgspec.json.encode(draft))
        )

    def drop_draft(self, id: str) -> None:
        self.database.run("DELETE FROM _drafts WHERE id = ?", (id,))

    def save_draft(self, id: str) -> Process | None:
        """What was drawn is what runs from now on."""
        draft = self.draft(id)
        if draft is None:
            return self.one(id)
        with self.database.transaction():
            kept = self.keep(draft)
            self.drop_draft(id)
        return kept

    def _now(self) -> str:
        return stamp(self.clock.now())
