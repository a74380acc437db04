-- A worker's look at one conversation: claim, adopt, settle, release. See docs/explanation/protocol.md.

-- name: claim(organisation, conversation, lease)
-- T1. The mark is cleared before anything is read; a run that never released puts off the next.
-- A claim that a crash of the database loses leaves a mark or a lease, both are healed: its commit
-- waits for no disk. Index: primary key.
UPDATE conversation
   SET lease_epoch = lease_epoch + 1, lease_until = clock_timestamp() + :lease, due_at = NULL,
       starts = starts + 1, hints_taken = hints_taken | hints, hints = 0
 WHERE organisation_id = :organisation AND id = :conversation
   AND parked_at IS NULL AND starts < 5
   AND (due_at <= clock_timestamp() OR lease_until IS NOT NULL)
   AND (lease_until IS NULL OR lease_until
        + greatest(starts - 1, 0) * greatest(starts - 1, 0) * interval '10 seconds' < clock_timestamp())
   AND set_config('synchronous_commit', 'off', true) = 'off'
RETURNING *, clock_timestamp() AS claimed_at;

-- name: unclaimed(organisation, conversation)
-- Why a claim came back empty: when the lease or the penalty of unreleased starts ends.
SELECT starts, due_at, parked_at IS NOT NULL AS parked, lease_until
       + greatest(starts - 1, 0) * greatest(starts - 1, 0) * interval '10 seconds' AS free_at
  FROM conversation
 WHERE organisation_id = :organisation AND id = :conversation
   FOR UPDATE;

-- name: defer(organisation, conversation, until)
-- Busy: whoever comes back at `until` finds a mark.
UPDATE conversation SET due_at = coalesce(due_at, :until)
 WHERE organisation_id = :organisation AND id = :conversation;

-- name: renew(organisation, conversation, epoch, lease)
-- The same event loop that runs the look renews its lease.
UPDATE conversation SET lease_until = clock_timestamp() + :lease
 WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
   AND lease_until IS NOT NULL
RETURNING 1;

-- name: fence(organisation, conversation, epoch)
-- Every write of a run begins here; no row: the run has lost its lease and ends.
SELECT * FROM conversation
 WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
   AND lease_until IS NOT NULL
   FOR NO KEY UPDATE;

-- name: earlier_cases(organisation, conversation)
-- Cases that this conversation gave up, and that nobody else has now.
SELECT l.case_id FROM case_link l
 WHERE l.organisation_id = :organisation AND l.conversation_id = :conversation
   AND NOT EXISTS (
       SELECT 1 FROM conversation c
        WHERE c.organisation_id = l.organisation_id AND c.connection_id = l.connection_id
          AND c.case_id = l.case_id)
 ORDER BY l.ordinal;

-- name: note_attempt(organisation, conversation, epoch, delivery, was, number, not_before, possible_double)
-- T4a. The attempt is written before the call; fenced, and compare-and-set.
WITH mine AS MATERIALIZED (
    SELECT 1 FROM conversation
     WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
       AND lease_until IS NOT NULL
       FOR NO KEY UPDATE
), noted AS (
    UPDATE delivery
       SET state = 'sending', attempts = :number, not_before = :not_before,
           possible_double = :possible_double
     WHERE organisation_id = :organisation AND id = :delivery AND state = :was
       AND EXISTS (SELECT 1 FROM mine)
    RETURNING id
)
INSERT INTO attempt (organisation_id, delivery_id, number)
SELECT :organisation, id, :number FROM noted
RETURNING number;

-- name: settle_attempt(organisation, conversation, epoch, delivery, number, becomes, not_before, reason, possible_double, wake)
-- T4b. Fenced, and compare-and-set on `sending`; `wake` tells listening pages (null: nobody listens).
WITH mine AS MATERIALIZED (
    SELECT 1 FROM conversation
     WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
       AND lease_until IS NOT NULL
       FOR NO KEY UPDATE
), settled AS (
    UPDATE delivery
       SET state = :becomes, not_before = :not_before, reason = :reason,
           possible_double = :possible_double, tried_at = clock_timestamp(),
           settled_at = CASE WHEN :becomes IN ('owed', 'sending', 'unknown') THEN NULL ELSE now() END
     WHERE organisation_id = :organisation AND id = :delivery AND state = 'sending'
       AND EXISTS (SELECT 1 FROM mine)
    RETURNING id
), noted AS (
    UPDATE attempt SET ended_at = clock_timestamp(), became = :becomes, reason = :reason
     WHERE organisation_id = :organisation AND delivery_id = (SELECT id FROM settled)
       AND number = :number
)
SELECT id, CASE WHEN :wake::text IS NULL THEN NULL ELSE pg_notify('caseway_pages', :wake) END
  FROM settled;

-- name: tell_failure(organisation, connection, conversation, channel, peer, message, activity, position, ordinal, text)
-- A reply that failed for good becomes a message of ours, hence an activity on the case.
WITH told AS (
    INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, kind, text,
                         position, written_at)
    VALUES (:organisation, :message, :conversation, :channel, :peer, 'system', 'failure', :text,
            :position, now())
), planned AS (
    INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id,
                      ordinal, origin)
    VALUES (:organisation, :connection, :activity, :message, :conversation, :ordinal, 'ours')
)
UPDATE conversation
   SET last_position = :position, last_own_position = :position, said_at = now()
 WHERE organisation_id = :organisation AND id = :conversation;

-- name: keep_contact(organisation, connection, contact, remote)
-- The contact is known over there from now on.
INSERT INTO contact_link (organisation_id, connection_id, contact_id, remote_id)
VALUES (:organisation, :connection, :contact, :remote)
ON CONFLICT (organisation_id, connection_id, contact_id) DO NOTHING;

-- name: case_made(organisation, conversation, epoch, number)
-- T5 for the case: it exists, and was open when it came to be.
UPDATE conversation SET agreed = 'open', case_number = :number
 WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
   AND lease_until IS NOT NULL AND agreed IS NULL
RETURNING 1;

-- name: widen(organisation, connection, overlap)
-- This instance's stamps are off its own clock: sweeps reach back that much further from now on.
INSERT INTO sweep_cursor (organisation_id, connection_id, entity, overlap)
SELECT :organisation, :connection, e.entity, :overlap
  FROM (VALUES ('Activity'), ('Case')) AS e(entity)
ON CONFLICT (organisation_id, connection_id, entity)
DO UPDATE SET overlap = greatest(sweep_cursor.overlap, excluded.overlap);

-- name: refuse(organisation, connection, activity, reason)
-- Creatio refuses this activity for good: kept, visible, replayable; the next one passes.
UPDATE link SET refused_at = now(), refusal = :reason
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND activity_id = :activity AND linked_at IS NULL;

-- name: advance(organisation, conversation, linked_through, covered_through, open_status)
-- T5: how far activities are proven, and how far a closure may cover.
UPDATE conversation
   SET agreed_status = CASE WHEN agreed = 'open' THEN coalesce(:open_status, agreed_status)
                            ELSE agreed_status END,
       last_open_status = CASE WHEN agreed = 'open' THEN coalesce(:open_status, last_open_status)
                               ELSE last_open_status END,
       linked_through = greatest(linked_through, :linked_through),
       covered_through = greatest(covered_through, :covered_through)
 WHERE organisation_id = :organisation AND id = :conversation;

-- name: status_written(organisation, conversation, epoch, agreed, status, reopened, now)
-- T6. Having reopened the case ourselves covers all that is linked.
UPDATE conversation
   SET agreed = :agreed, agreed_status = :status,
       -- What we wrote means closed, whatever its flags say.
       held_status = CASE WHEN :reopened THEN NULL ELSE :status::uuid END,
       last_open_status = CASE WHEN :reopened THEN :status ELSE last_open_status END,
       reopened_status = CASE WHEN :reopened THEN :status ELSE reopened_status END,
       covered_through = CASE WHEN :reopened THEN greatest(covered_through, linked_through)
                              ELSE covered_through END,
       reopenings = CASE WHEN :reopened
            THEN (ARRAY[:now::timestamptz] || reopenings)[1:8] ELSE reopenings END
 WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
   AND lease_until IS NOT NULL
RETURNING 1;

-- name: release_quiet(organisation, conversation, epoch, hints_taken, run, connection, begun_at, steps)
-- T9 where nothing waits and no trigger came: one statement. No row: look closer.
WITH released AS (
    UPDATE conversation
       SET lease_until = NULL, starts = 0, failures = 0, hints_taken = :hints_taken
     WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
       AND lease_until IS NOT NULL AND due_at IS NULL
       AND set_config('synchronous_commit', 'off', true) = 'off'
    RETURNING id
)
INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, steps)
SELECT :organisation, :run, id, :connection, :begun_at, :steps FROM released
RETURNING 1;

-- name: settle_and_release(organisation, conversation, epoch, delivery, number, becomes, not_before, possible_double, wake, durable, hints_taken, run, connection, begun_at, steps)
-- T4b and T9 in one, where the delivery was the last thing owed. `released` is false if a trigger
-- came meanwhile. Lost with a crash of the database, the delivery is in doubt: `durable` says
-- whether that would matter to the channel.
WITH mine AS MATERIALIZED (
    SELECT due_at FROM conversation
     WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
       AND lease_until IS NOT NULL
       AND set_config('synchronous_commit', CASE WHEN :durable THEN 'on' ELSE 'off' END, true) <> ''
       FOR NO KEY UPDATE
), settled AS (
    UPDATE delivery
       SET state = :becomes, not_before = :not_before, reason = '',
           possible_double = :possible_double, settled_at = now()
     WHERE organisation_id = :organisation AND id = :delivery AND state = 'sending'
       AND EXISTS (SELECT 1 FROM mine)
    RETURNING id
), noted AS (
    UPDATE attempt SET ended_at = clock_timestamp(), became = :becomes
     WHERE organisation_id = :organisation AND delivery_id = (SELECT id FROM settled)
       AND number = :number
), released AS (
    UPDATE conversation
       SET lease_until = NULL, starts = 0, failures = 0, hints_taken = :hints_taken
     WHERE organisation_id = :organisation AND id = :conversation
       AND EXISTS (SELECT 1 FROM mine WHERE due_at IS NULL)
    RETURNING id
), kept AS (
    INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, steps)
    SELECT :organisation, :run, id, :connection, :begun_at, :steps FROM released
)
SELECT EXISTS (SELECT 1 FROM mine) AS mine, EXISTS (SELECT 1 FROM released) AS released,
       (SELECT CASE WHEN :wake::text IS NULL THEN NULL ELSE pg_notify('caseway_pages', :wake) END
          FROM settled);

-- name: release(organisation, conversation, epoch, hints_taken, failures, wait, run, connection, begun_at, steps)
-- T9. What waits, and what a trigger brought meanwhile, decide when the next look is due.
WITH released AS (
    UPDATE conversation
       SET lease_until = NULL, starts = 0, failures = :failures, hints_taken = :hints_taken,
           due_at = least(due_at, now() + :wait::interval)
     WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
       AND lease_until IS NOT NULL
    RETURNING id, due_at
), kept AS (
    INSERT INTO run (organisation_id, id, conversation_id, connection_id, begun_at, steps)
    SELECT :organisation, :run, id, :connection, :begun_at, :steps FROM released
)
SELECT due_at, greatest(due_at - now(), interval '0') AS delay FROM released;

-- name: park(organisation, conversation, reason)
-- Visible, no further looks; a person's replay begins it anew.
UPDATE conversation
   SET parked_at = now(), parked_reason = :reason, lease_until = NULL, due_at = NULL
 WHERE organisation_id = :organisation AND id = :conversation AND parked_at IS NULL
RETURNING 1;

-- name: opening(organisation, conversation)
-- What a new case says of its beginning; names the earlier case, and another one of the contact.
SELECT p.name, p.email, p.phone, p.verified, h.kind, h.name AS channel_name,
       (SELECT m.text FROM message m
         WHERE m.organisation_id = c.organisation_id AND m.conversation_id = c.id
           AND m.author = 'contact' AND m.position > c.covered_through
         ORDER BY m.position LIMIT 1) AS first_words,
       coalesce(
           (SELECT l.number FROM case_link l
             WHERE l.organisation_id = c.organisation_id AND l.conversation_id = c.id
               AND l.connection_id = c.connection_id ORDER BY l.ordinal DESC LIMIT 1),
           (SELECT e.case_number FROM conversation e
             WHERE e.organisation_id = c.organisation_id AND e.id = c.earlier_id)) AS earlier_number,
       (SELECT o.case_number FROM conversation o
         WHERE o.organisation_id = c.organisation_id AND o.contact_id = c.contact_id
           AND o.id <> c.id AND o.state <> 'resolved' AND o.case_number <> ''
         ORDER BY o.created_at DESC LIMIT 1) AS other_number
  FROM conversation c
  JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
  JOIN channel h ON h.organisation_id = c.organisation_id AND h.id = c.channel_id
 WHERE c.organisation_id = :organisation AND c.id = :conversation;
