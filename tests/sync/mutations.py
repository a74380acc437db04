"""The protections, switched off one at a time on a copy of the code, and the story that notices.

A patch is exact text of today's source: when the source changes, the mutation says so.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 60
CONTROL: Final = "a_message_becomes_an_activity"


@dataclass(frozen=True, slots=True)
class Patch:
    file: str  # below src/caseway
    before: str
    after: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Mutation:
    without: str
    noticed_by: str
    patches: tuple[Patch, ...] = ()
    sql: str = ""  # changes the database instead


def one(without: str, noticed_by: str, file: str, before: str, after: str) -> Mutation:
    return Mutation(without, noticed_by, (Patch(file, before, after),))


LOOKS: Final = "store/sql/looks.sql"
MARKS: Final = "store/sql/marks.sql"
ADOPTIONS: Final = "store/sql/adoptions.sql"
SHORT_WAY: Final = (  # of the usual look; without it only one way is left to be mutated
    "usual = await imports.adopt_usual(pool, claimed, look, decide, words)",
    "usual = None",
)
MUTATIONS: Final = (
    one(
        "echo by derived id",
        "an_activity_whose_answer_was_lost_is_no_reply",
        ADOPTIONS,
        "AND activity_id = ANY(:activities);",
        "AND activity_id = ANY(:activities) AND linked_at IS NOT NULL;",
    ),
    one(
        "id chosen beforehand",
        "an_activity_whose_answer_was_lost_is_no_reply",
        "sync/executor.py",
        "            id=own.activity,\n",
        "            id=__import__('uuid').uuid4(),\n",
    ),
    one(
        "mark and job in the transaction of the message",
        "a_message_is_kept_with_its_job_or_not_at_all",
        "store/intake.py",
        "            await trigger(link, key, 0)\n            # CRASH HERE",
        '            await link.execute(f"COMMIT; BEGIN; SET LOCAL caseway.organisation ='
        " '{key.organisation}'\")\n"
        "            await trigger(link, key, 0)\n            # CRASH HERE",
    ),
    Mutation(
        "mark cleared before the read",
        "a_trigger_during_a_run_has_its_look",
        (
            Patch(LOOKS, ":lease, due_at = NULL,\n", ":lease,\n"),
            Patch(
                LOOKS,
                "       SET lease_until = NULL, starts = 0, failures = 0,",
                "       SET lease_until = NULL, due_at = NULL, starts = 0, failures = 0,",
                everywhere=True,
            ),
            Patch(LOOKS, "AND lease_until IS NOT NULL AND due_at IS NULL\n", ""),
        ),
    ),
    Mutation(
        "trigger brings a delayed mark forward",
        "a_message_does_not_wait_behind_a_backoff",
        (
            Patch(
                MARKS,
                "SET due_at = least(c.due_at, now()), hints = c.hints | :hints",
                "SET due_at = coalesce(c.due_at, now()), hints = c.hints | :hints",
            ),
            Patch(MARKS, "(was.due_at IS NULL OR was.due_at > now())", "(was.due_at IS NULL)"),
        ),
    ),
    one(
        "job for the next attempt, with the release",
        "what_failed_has_a_job_for_its_next_attempt",
        "store/looks.py",
        'if row is not None and row["due_at"] is not None:',
        "if False:",
    ),
    one(
        "healer for marks",
        "a_mark_without_a_job_is_found",
        "store/sql/healing.sql",
        "WHERE due_at < now() - :older_than::interval AND parked_at IS NULL",
        "WHERE due_at < now() - :older_than::interval AND false",
    ),
    one(
        "healer for unreleased leases",
        "a_run_that_never_ended_is_found",
        "store/sql/healing.sql",
        "WHERE lease_until < clock_timestamp() - :older_than::interval AND parked_at IS NULL",
        "WHERE lease_until < clock_timestamp() - :older_than::interval AND false",
    ),
    one(
        "busy defers a job",
        "a_job_that_finds_its_conversation_busy_comes_back",
        "store/looks.py",
        '            if row is None or row["parked"] or row["free_at"] is None:',
        "            if True:",
    ),
    one(
        "lock",
        "two_workers_do_not_look_at_once",
        LOOKS,
        "   AND (lease_until IS NULL OR lease_until\n",
        "   AND (true OR lease_until\n",
    ),
    Mutation(
        "epoch fence",
        "a_stalled_worker_applies_no_old_reading",
        (
            Patch(LOOKS, "lease_epoch = :epoch", ":epoch::bigint > 0", everywhere=True),
            Patch(LOOKS, "AND lease_until IS NOT NULL", "", everywhere=True),
        ),
    ),
    one(
        "own clock before each call",
        "a_stalled_worker_makes_no_late_call",
        "sync/lease.py",
        "        if self.now() >= self._until:",
        "        if False:",
    ),
    one(
        "poison count",
        "what_kills_every_worker_is_parked",
        LOOKS,
        "AND parked_at IS NULL AND starts < 5",
        "AND parked_at IS NULL AND starts < 500",
    ),
    Mutation(
        "attempt noted before the call",
        "a_copy_after_a_death_says_that_it_may_be_one",
        (
            Patch(
                "sync/replies.py",
                "owed.noted == before.id or await self.looks.note(self.claimed, before, claimed)",
                "True",
            ),
            Patch("store/adoptions.py", *SHORT_WAY),
            Patch(
                "sync/replies.py",
                "        after = claimed.on(event)\n",
                "        after = claimed.on(event)\n"
                "        await self.looks.note(self.claimed, before, claimed)\n",
            ),
        ),
    ),
    Mutation(
        "a reply enters once: known links, unique keys of link and message",
        "a_reply_enters_once",
        (
            Patch(
                ADOPTIONS,
                "AND activity_id = ANY(:activities);",
                "AND activity_id = ANY(:activities) AND false;",
            ),
            Patch("store/adoptions.py", *SHORT_WAY),
            Patch(
                "store/sql/imports.sql",
                "      FROM new n WHERE n.kind = 'text'\n",
                "      FROM new n WHERE n.kind = 'text'\n    ON CONFLICT DO NOTHING\n",
            ),
            Patch(
                "store/imports.py",
                'messages = [uuid5(conversation, f"reply/{r.activity.id}") for',
                "messages = [uuid4() for",
            ),
        ),
    ),
    one(
        "order by (CreatedOn, Id)",
        "replies_go_out_as_creatio_orders_them",
        "domain/delivery.py",
        "return min(tried or unsettled, key=lambda d: d.order)",
        "return min(tried or unsettled, key=lambda d: d.text)",
    ),
    Mutation(
        "address frozen by a foreign key",
        "a_debt_cannot_name_another_address",
        sql="""DO $$ DECLARE name text; BEGIN
                 SELECT conname INTO name FROM pg_constraint
                  WHERE conrelid = 'delivery'::regclass AND contype = 'f'
                    AND confrelid = 'conversation'::regclass;
                 EXECUTE format('ALTER TABLE delivery DROP CONSTRAINT %I', name);
               END $$""",
    ),
    one(
        "overlap",
        "a_row_that_appears_late_is_found",
        "sync/sweeper.py",
        "since = claim.watermark - claim.overlap",
        "since = claim.watermark",
    ),
    one(
        "overlap grows where stamps are off",
        "stamps_in_local_time_hide_no_reply",
        "store/looks.py",
        "if overlap(linked.stamps_off) > OVERLAP:",
        "if False:",
    ),
    one(
        "nightly comparison",
        "a_row_that_appears_too_late_for_a_sweep_is_found_at_night",
        "store/sweeps.py",
        "found = differences(cases, listing, known)",
        "found = differences(cases, listing, listing.activities.keys())",
    ),
    one(
        "set of seen ids",
        "rows_that_were_seen_trigger_nothing",
        "store/sql/sweeps.sql",
        " WHERE s.record_id IS NULL OR s.modified_on <> n.modified;",
        " WHERE true OR s.record_id IS NULL OR s.modified_on <> n.modified;",
    ),
    one(
        "cap of the watermark",
        "a_row_from_the_future_hides_nothing",
        "domain/sweeping.py",
        "capped = min(newest_kept, answered_at)",
        "capped = newest_kept",
    ),
    one(
        "watermark, seen and marks in one transaction",
        "a_page_is_kept_whole_or_not_at_all",
        "store/sweeps.py",
        "        async with self._pool.acquire() as connection, connection.transaction():\n"
        "            before = await self._fence(connection, claim)\n"
        "            if not",
        "        async with self._pool.acquire() as connection:\n"
        "            before = await self._fence(connection, claim)\n"
        "            if not",
    ),
    one(
        "covered (having an activity instead)",
        "a_closed_case_swallows_no_message",
        "domain/conversation.py",
        "return self.last_contact_position > self.covered_through",
        "return self.last_contact_position > self.linked_through",
    ),
    one(
        "second look",
        "a_closure_after_a_lost_answer_holds",
        "domain/plan.py",
        "    if uncovered and both_open and",
        "    if False and both_open and",
    ),
    one(
        "trailing GET drops the planned open",
        "the_agents_own_reopening_is_left_alone",
        "sync/executor.py",
        "        if covered and owed.write and owed.write[0] is Side.OPEN:",
        "        if False and owed.write:",
    ),
    Mutation(
        "claim taken at T1 only",
        "a_word_of_closure_is_weighed_by_a_later_reading",
        (
            Patch(
                "store/adoptions.py",
                "before = rows.ledger(row, claim=claimed.ledger.claim)",
                'before = rows.ledger(row, claim=row["claim_event"])',
            ),
            Patch(
                ADOPTIONS,
                "CASE WHEN claim_event = :claim THEN NULL ELSE claim_event END",
                "CASE WHEN :claim::uuid IS NULL THEN NULL::uuid END",
            ),
        ),
    ),
    one(
        "stale claims",
        "a_late_word_of_closure_does_not_end_what_was_reopened",
        "domain/closure.py",
        "    return not flagged and (",
        "    return False and (",
    ),
    one(
        "reopened_status kept when a message wins",
        "a_late_word_of_closure_does_not_end_what_a_message_reopened",
        "domain/adoption.py",
        "    if verdict.write is Side.OPEN:\n        return target\n",
        "",
    ),
    one(
        "distrust of sudden emptiness",
        "a_case_that_vanished_stops_its_conversation",
        "domain/adoption.py",
        "return Adoption(before, park=GONE)",
        "return Adoption(before)",
    ),
)


def copy(into: Path, patches: tuple[Patch, ...]) -> None:
    """The product's source with the patches applied. Raises `ValueError` for a stale patch."""
    shutil.copytree(
        ROOT / "src" / "caseway",
        into / "caseway",
        ignore=shutil.ignore_patterns("static"),  # compiled files stay true
    )
    for patch in patches:
        path = into / "caseway" / patch.file
        text = path.read_text(encoding="utf-8")
        found = text.count(patch.before)
        if found == 0 or (found > 1 and not patch.everywhere):
            raise ValueError(f"{patch.file} holds {found} times: {patch.before!r}")
        path.write_text(text.replace(patch.before, patch.after), encoding="utf-8")


class Nursery:
    """Where stories are told on copies of the code; a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.nursery"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.communicate(timeout=PATIENCE_S)

    def tell(self, source: Path, dsn: str, *names: str) -> tuple[int, str]:
        """The exit code, and what was said."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both are pipes")
        said = source / "said.txt"
        order = {"source": str(source), "dsn": dsn, "names": names, "said": str(said)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, said.read_text(encoding="utf-8")
