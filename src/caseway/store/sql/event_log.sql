-- The event log as people read it. A search reads at most `reach` events: the last of them comes
-- back whether or not it is wanted, and says how far the search went. Its rows are read from an index
-- in order, one by one, and only as many as it takes.

-- name: by_time(organisation, since, before, before_id, reach, outcome, type, found_by, connection, case, most)
-- role: web
-- The newest events before a place. Index: webhook_event_pkey, backwards.
SELECT w.id, w.received_at, w.found_by, w.event_type, w.case_id, w.conversation_id, w.outcome,
       w.reason, w.connection_id, w.wanted, w.nth, coalesce(c.case_number, '') AS case_number
  FROM (SELECT e.*, (:outcome = '' OR e.outcome = :outcome)
                    AND (:type = '' OR e.event_type = :type)
                    AND (:found_by = '' OR e.found_by = :found_by)
                    AND (:connection::uuid IS NULL OR e.connection_id = :connection)
                    AND (:case::uuid IS NULL OR e.case_id = :case) AS wanted
          FROM (SELECT id, received_at, found_by, event_type, case_id, conversation_id, outcome,
                       reason, connection_id,
                       row_number() OVER (ORDER BY received_at DESC, id DESC) AS nth
                  FROM webhook_event
                 WHERE organisation_id = :organisation
                   AND received_at >= :since AND received_at <= :before
                   AND (received_at, id) < (:before, :before_id)
                 ORDER BY received_at DESC, id DESC
                 LIMIT :reach) e) w
  LEFT JOIN conversation c ON c.organisation_id = :organisation AND c.id = w.conversation_id
       AND c.case_id = w.case_id
 WHERE w.wanted OR w.nth = :reach
 ORDER BY w.received_at DESC, w.id DESC
 LIMIT :most;

-- name: by_outcome(organisation, since, before, before_id, reach, outcome, type, found_by, connection, case, most)
-- role: web
-- The same of one outcome, which is any but accepted. Index: webhook_event_outcome (partial).
SELECT w.id, w.received_at, w.found_by, w.event_type, w.case_id, w.conversation_id, w.outcome,
       w.reason, w.connection_id, w.wanted, w.nth, coalesce(c.case_number, '') AS case_number
  FROM (SELECT e.*, (:type = '' OR e.event_type = :type)
                    AND (:found_by = '' OR e.found_by = :found_by)
                    AND (:connection::uuid IS NULL OR e.connection_id = :connection)
                    AND (:case::uuid IS NULL OR e.case_id = :case) AS wanted
          FROM (SELECT id, received_at, found_by, event_type, case_id, conversation_id, outcome,
                       reason, connection_id,
                       row_number() OVER (ORDER BY received_at DESC, id DESC) AS nth
                  FROM webhook_event
                 WHERE organisation_id = :organisation
                   AND outcome = :outcome AND outcome <> 'accepted'
                   AND received_at >= :since AND received_at <= :before
                   AND (received_at, id) < (:before, :before_id)
                 ORDER BY received_at DESC, id DESC
                 LIMIT :reach) e) w
  LEFT JOIN conversation c ON c.organisation_id = :organisation AND c.id = w.conversation_id
       AND c.case_id = w.case_id
 WHERE w.wanted OR w.nth = :reach
 ORDER BY w.received_at DESC, w.id DESC
 LIMIT :most;

-- name: by_conversation(organisation, conversation, since, before, before_id, reach, outcome, type, found_by, connection, case, most)
-- role: web
-- The same of one conversation. Index: webhook_event_conversation (partial), backwards.
SELECT w.id, w.received_at, w.found_by, w.event_type, w.case_id, w.conversation_id, w.outcome,
       w.reason, w.connection_id, w.wanted, w.nth, coalesce(c.case_number, '') AS case_number
  FROM (SELECT e.*, (:outcome = '' OR e.outcome = :outcome)
                    AND (:type = '' OR e.event_type = :type)
                    AND (:found_by = '' OR e.found_by = :found_by)
                    AND (:connection::uuid IS NULL OR e.connection_id = :connection)
                    AND (:case::uuid IS NULL OR e.case_id = :case) AS wanted
          FROM (SELECT id, received_at, found_by, event_type, case_id, conversation_id, outcome,
                       reason, connection_id,
                       row_number() OVER (ORDER BY received_at DESC, id DESC) AS nth
                  FROM webhook_event
                 WHERE organisation_id = :organisation AND conversation_id = :conversation
                   AND received_at >= :since AND received_at <= :before
                   AND (received_at, id) < (:before, :before_id)
                 ORDER BY received_at DESC, id DESC
                 LIMIT :reach) e) w
  LEFT JOIN conversation c ON c.organisation_id = :organisation AND c.id = w.conversation_id
       AND c.case_id = w.case_id
 WHERE w.wanted OR w.nth = :reach
 ORDER BY w.received_at DESC, w.id DESC
 LIMIT :most;

-- name: newest(organisation)
-- role: web
-- What a page that waits for news compares. Index: webhook_event_pkey, backwards.
SELECT id FROM webhook_event
 WHERE organisation_id = :organisation
 ORDER BY received_at DESC, id DESC
 LIMIT 1;

-- name: place(organisation, event)
-- role: web
-- Where an event stands. Index: webhook_event_id.
SELECT received_at, id FROM webhook_event WHERE organisation_id = :organisation AND id = :event;

-- name: having_case(organisation, cases)
-- role: both
-- Whose these cases are, or were. Index: conversation_case, case_link_pkey, by each connection.
SELECT n.case_id, c.id AS conversation_id, c.connection_id
  FROM unnest(:cases::uuid[]) AS n(case_id)
 CROSS JOIN connection k
  JOIN conversation c ON c.organisation_id = k.organisation_id AND c.connection_id = k.id
   AND c.case_id = n.case_id
 WHERE k.organisation_id = :organisation
 UNION
SELECT n.case_id, l.conversation_id, l.connection_id
  FROM unnest(:cases::uuid[]) AS n(case_id)
 CROSS JOIN connection k
  JOIN case_link l ON l.organisation_id = k.organisation_id AND l.connection_id = k.id
   AND l.case_id = n.case_id
 WHERE k.organisation_id = :organisation;

-- name: numbered(organisation, number)
-- role: web
-- Conversations by the number of their case or of an earlier one, however its letters were typed.
-- Index: conversation_number, case_link_number.
SELECT id FROM conversation
 WHERE organisation_id = :organisation AND case_number COLLATE "C" IN (:number, upper(:number))
   AND case_number <> ''
 UNION
SELECT conversation_id FROM case_link
 WHERE organisation_id = :organisation AND number COLLATE "C" IN (:number, upper(:number))
   AND number <> ''
 LIMIT 20;

-- name: looks_around(organisation, conversations, received, within, lately)
-- role: web
-- For each event the first look at its conversation that began after it, the first of those that
-- Creatio answered, however long it was away, and the last one that began a moment before.
-- Index: run_conversation.
SELECT n.ord, r.id, r.conversation_id, r.begun_at, r.ended_at, r.steps, r.place
  FROM unnest(:conversations::uuid[], :received::timestamptz[])
       WITH ORDINALITY AS n(conversation, received_at, ord)
 CROSS JOIN LATERAL (
       (SELECT r.id, r.conversation_id, r.begun_at, r.ended_at, r.steps, 'after' AS place FROM run r
         WHERE r.organisation_id = :organisation AND r.conversation_id = n.conversation
           AND r.begun_at >= n.received_at
           AND r.begun_at < n.received_at + :within::interval
         ORDER BY r.begun_at
         LIMIT 1)
        UNION ALL
       (SELECT r.id, r.conversation_id, r.begun_at, r.ended_at, r.steps, 'answered' FROM run r
         WHERE r.organisation_id = :organisation AND r.conversation_id = n.conversation
           AND r.begun_at >= n.received_at
           AND NOT r.steps @> '[{"side": "creatio", "outcome": "later"}]'
           AND EXISTS (SELECT 1 FROM run f
                        WHERE f.organisation_id = :organisation
                          AND f.conversation_id = n.conversation
                          AND f.begun_at >= n.received_at
                          AND f.begun_at < n.received_at + :within::interval)
         ORDER BY r.begun_at
         LIMIT 1)
        UNION ALL
       (SELECT r.id, r.conversation_id, r.begun_at, r.ended_at, r.steps, 'before' FROM run r
         WHERE r.organisation_id = :organisation AND r.conversation_id = n.conversation
           AND r.begun_at < n.received_at
           AND r.begun_at >= n.received_at - :lately::interval
         ORDER BY r.begun_at DESC
         LIMIT 1)) r;

-- name: looks_after(organisation, conversation, received, within, most)
-- role: web
-- The looks that began after one event. Index: run_conversation.
SELECT id, conversation_id, begun_at, ended_at, steps FROM run
 WHERE organisation_id = :organisation AND conversation_id = :conversation
   AND begun_at >= :received::timestamptz
   AND begun_at < :received::timestamptz + :within::interval
 ORDER BY begun_at
 LIMIT :most;

-- name: whole(organisation, event)
-- role: web
-- One event with its token, its connection and its conversation. Index: webhook_event_id.
SELECT e.id, e.received_at, e.found_by, e.event_type, e.case_id, e.conversation_id, e.outcome,
       e.reason, e.connection_id, e.source, e.body, e.token_name, k.name AS connection_name,
       t.created_at AS token_created_at, t.expires_at AS token_expires_at,
       t.revoked_at AS token_revoked_at, coalesce(p.name, '') AS customer,
       coalesce(c.parked_reason, '') AS stopped, c.due_at,
       CASE WHEN c.case_id = e.case_id THEN c.case_number ELSE '' END AS case_number
  FROM webhook_event e
  JOIN connection k ON k.organisation_id = e.organisation_id AND k.id = e.connection_id
  LEFT JOIN webhook_token t ON t.organisation_id = e.organisation_id
       AND t.public_name = e.token_name
  LEFT JOIN conversation c ON c.organisation_id = e.organisation_id AND c.id = e.conversation_id
  LEFT JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
 WHERE e.organisation_id = :organisation AND e.id = :event;

-- name: replayed(organisation, conversation, received, most)
-- role: web
-- Replays that read again what changed since an event. Index: replay_look_conversation.
SELECT o.id, o.ordered_by, l.marked_at
  FROM replay_look l
  JOIN replay_order o ON o.organisation_id = l.organisation_id AND o.id = l.order_id
 WHERE l.organisation_id = :organisation AND l.conversation_id = :conversation
   AND l.since <= :received AND l.marked_at IS NOT NULL
 ORDER BY l.marked_at
 LIMIT :most;

-- name: brought(organisation, conversation, since, until, most)
-- role: web
-- What agents wrote that was kept within a look, and how it fares. Index: message's position.
SELECT m.conversation_id, m.author_name, h.name AS channel_name, d.state, d.reason, d.attempts,
       d.possible_double, m.kept_at, d.settled_at
  FROM message m
  JOIN channel h ON h.organisation_id = m.organisation_id AND h.id = m.channel_id
  LEFT JOIN delivery d ON d.organisation_id = m.organisation_id AND d.message_id = m.id
 WHERE m.organisation_id = :organisation AND m.conversation_id = :conversation
   AND m.author = 'agent' AND m.kept_at >= :since AND m.kept_at <= :until
 ORDER BY m.position
 LIMIT :most;

-- name: bodies(organisation, times, ids)
-- role: web
-- What an export adds to a page of events. Index: webhook_event_pkey.
SELECT n.ord, e.source, e.token_name, e.body
  FROM unnest(:times::timestamptz[], :ids::uuid[]) WITH ORDINALITY AS n(received_at, id, ord)
  JOIN webhook_event e ON e.organisation_id = :organisation AND e.received_at = n.received_at
   AND e.id = n.id
 ORDER BY n.ord;

-- name: counted(organisation, per, since, until, bar)
-- role: web
-- Counts in bars of equal width that begin at `since`. Index: event_count_pkey.
SELECT date_bin(:bar::interval, at, :since::timestamptz) AS at, outcome, sum(events)::bigint AS events
  FROM event_count
 WHERE organisation_id = :organisation AND per = :per AND at >= :since AND at < :until
 GROUP BY 1, 2;

-- name: counted_through()
-- role: web
-- Up to when minutes are counted.
SELECT through FROM event_counted;

-- name: not_yet_counted(organisation, since, until, through, bar, most)
-- role: web
-- The newest events, which no minute holds yet: a bounded number. Index: webhook_event_pkey.
SELECT date_bin(:bar::interval, received_at, :since::timestamptz) AS at, outcome, count(*) AS events
  FROM (SELECT received_at, outcome FROM webhook_event
         WHERE organisation_id = :organisation
           AND received_at >= greatest(:through::timestamptz, :since::timestamptz) AND received_at < :until
         ORDER BY received_at, id
         LIMIT :most) e
 GROUP BY 1, 2;

-- name: refused(organisation, since, most)
-- role: web
-- Calls with a wrong token that were meant for this organisation. Index: refusal_count_pkey.
SELECT r.public_name, r.source, sum(r.refusals)::bigint AS calls,
       bool_or(t.id IS NOT NULL) AS known
  FROM refusal_count r
  LEFT JOIN webhook_token t ON t.organisation_id = :organisation AND t.public_name = r.public_name
 WHERE r.day >= :since AND (t.id IS NOT NULL OR is_only_organisation())
 GROUP BY r.public_name, r.source
 ORDER BY 3 DESC, 1, 2
 LIMIT :most;

-- name: count_through(was, until)
-- Compare-and-set: of several workers one counts a stretch, once.
UPDATE event_counted SET through = :until WHERE through = :was AND through < :until RETURNING 1;

-- name: to_count(margin)
-- From where on, and up to which whole minute, events may be counted now: later ones may still commit.
SELECT through, date_trunc('minute', now() - :margin::interval) AS until FROM event_counted;

-- name: add_counts(since, until)
-- Counts a stretch, by minute and by hour. Index: webhook_event_pkey, by each organisation.
WITH fresh AS (
    SELECT o.id AS organisation_id, date_trunc('minute', e.received_at) AS at, e.outcome,
           count(*) AS events
      FROM organisation o
      JOIN webhook_event e ON e.organisation_id = o.id
       AND e.received_at >= :since AND e.received_at < :until
     GROUP BY 1, 2, 3
), both_ways AS (
    SELECT organisation_id, 'minute' AS per, at, outcome, events FROM fresh
     UNION ALL
    SELECT organisation_id, 'hour', date_trunc('hour', at, 'UTC'), outcome, sum(events)
      FROM fresh GROUP BY 1, 3, 4
)
INSERT INTO event_count (organisation_id, per, at, outcome, events)
SELECT organisation_id, per, at, outcome, events FROM both_ways
ON CONFLICT (organisation_id, per, at, outcome)
DO UPDATE SET events = event_count.events + excluded.events;

-- name: prune_counts(minutes, hours)
-- Minutes are drawn for a day or two, hours as long as events are kept.
DELETE FROM event_count
 WHERE (per = 'minute' AND at < now() - :minutes::interval)
    OR (per = 'hour' AND at < now() - :hours::interval);
