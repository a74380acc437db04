-- Who comes back for every state that is not final. Bounded, and safe to run anywhere at any time.

-- name: overdue_marks(older_than, limit)
-- Marks whose job was lost (deleted by an exception, a queue emptied, a restore). Index: conversation_due.
SELECT organisation_id, id, greatest(due_at - now(), interval '0') AS delay FROM conversation
 WHERE due_at < now() - :older_than::interval AND parked_at IS NULL
   AND (lease_until IS NULL OR lease_until < clock_timestamp())
 ORDER BY due_at LIMIT :limit;

-- name: abandoned_leases(older_than, limit)
-- Runs that ended without a release: looked at again once the lease is over. Index: conversation_leased.
UPDATE conversation SET due_at = least(due_at, now())
 WHERE (organisation_id, id) IN (
       SELECT organisation_id, id FROM conversation
        WHERE lease_until < clock_timestamp() - :older_than::interval AND parked_at IS NULL
        ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING organisation_id, id;

-- name: running_leases(limit)
-- At start: whoever held these may be dead; each is looked at when its lease is over.
SELECT organisation_id, id, greatest(lease_until - clock_timestamp(), interval '0') AS delay
  FROM conversation
 WHERE lease_until IS NOT NULL AND parked_at IS NULL
 LIMIT :limit;

-- name: bring_forward(organisation, connection, limit)
-- Creatio answers again: what waited for it is due now, a bounded number at a time.
UPDATE conversation SET due_at = now()
 WHERE (organisation_id, id) IN (
       SELECT organisation_id, id FROM conversation
        WHERE organisation_id = :organisation AND connection_id = :connection
          AND due_at > now() AND parked_at IS NULL AND lease_until IS NULL
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING organisation_id, id;

-- name: prune_queue_log(keep)
-- PgQueuer keeps three rows a job for ever.
DELETE FROM queue.pgqueuer_log
 WHERE id IN (SELECT id FROM queue.pgqueuer_log
               WHERE created < now() - :keep::interval ORDER BY id LIMIT 20000);

-- name: prune_ignored(keep)
-- Ignored and rejected events are kept for a shorter time.
-- Index: webhook_event_outcome of each day, by every organisation: accepted events are not read.
DELETE FROM webhook_event e
 USING organisation o
 WHERE e.organisation_id = o.id AND e.outcome <> 'accepted'
   AND e.outcome IN ('ignored', 'rejected') AND e.received_at < now() - :keep::interval;

-- name: prune_idempotency(keep)
-- An answer is repeated for a while only.
DELETE FROM idempotency WHERE kept_at < now() - :keep::interval;

-- name: prune_rates(keep)
-- Windows long past count for nothing.
DELETE FROM rate_window WHERE begun_at < now() - :keep::interval;

-- name: prune_sessions(keep)
-- A device that never came back; its conversations stay.
DELETE FROM widget_session WHERE last_seen_at < now() - :keep::interval;

-- name: prepare_days(ahead)
-- Partitions of the days to come.
SELECT prepare_days(:ahead);

-- name: drop_days(keep, keep_runs)
-- Whole days of events and of runs past their retention.
SELECT drop_days('webhook_event', :keep), drop_days('run', :keep_runs);

-- name: prune_refusals(keep)
-- Calls with a wrong token are figures of the last weeks.
DELETE FROM refusal_count WHERE day < current_date - :keep::interval;

-- name: backlog()
-- What waits, and since when: figures for health, counted to a bound.
SELECT (SELECT count(*) FROM (SELECT 1 FROM conversation WHERE due_at <= now()
         AND parked_at IS NULL LIMIT 10000) d) AS due,
       (SELECT extract(epoch FROM now() - min(due_at)) FROM conversation
         WHERE due_at <= now() AND parked_at IS NULL) AS oldest_s,
       (SELECT count(*) FROM (SELECT 1 FROM conversation
         WHERE parked_at IS NOT NULL LIMIT 10000) p) AS parked,
       (SELECT count(*) FROM (SELECT 1 FROM delivery
         WHERE state IN ('owed', 'sending', 'unknown') LIMIT 10000) o) AS owed,
       (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = 'failed' LIMIT 10000) f) AS failed;
