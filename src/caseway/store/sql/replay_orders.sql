-- Replays: events whose conversations are looked at again, on a person's word.

-- name: picked(organisation, events)
-- role: web
-- Events by their ids. Index: webhook_event_id.
SELECT id, received_at, event_type, case_id, conversation_id, connection_id FROM webhook_event
 WHERE organisation_id = :organisation AND id = ANY(:events::uuid[]);

-- name: standing_of(organisation, conversations, since, looks)
-- role: web
-- What a look may bring: replies kept since the first event, activities that the looks since then
-- left in Creatio and that are no replies yet, and whether sync has stopped.
-- Index: conversation_pkey, run_conversation, link_pkey, message's position.
SELECT c.id, c.connection_id, c.parked_at IS NOT NULL AS stopped,
       (SELECT count(DISTINCT s ->> 'deed')
          FROM (SELECT r.steps FROM run r
                 WHERE r.organisation_id = c.organisation_id AND r.conversation_id = c.id
                   AND r.begun_at >= n.since
                 ORDER BY r.begun_at DESC LIMIT :looks) r
         CROSS JOIN LATERAL jsonb_array_elements(r.steps) s
         WHERE s ->> 'deed' LIKE 'left activity %'
           AND NOT EXISTS (SELECT 1 FROM link l
                            WHERE l.organisation_id = c.organisation_id
                              AND l.connection_id = c.connection_id
                              AND l.activity_id = substring(
                                  s ->> 'deed' FROM '^left activity ([0-9a-f-]{36})')::uuid)
       ) AS held_back,
       (SELECT count(*) FROM message m
         WHERE m.organisation_id = c.organisation_id AND m.conversation_id = c.id
           AND m.author = 'agent' AND m.kept_at >= n.since) AS replies
  FROM unnest(:conversations::uuid[], :since::timestamptz[]) AS n(conversation, since)
  JOIN conversation c ON c.organisation_id = :organisation AND c.id = n.conversation;

-- name: keep(organisation, order, about, events, looks, actor)
-- role: web
-- The order itself; no row: it was ordered before, by the same form. Index: replay_order_pkey.
INSERT INTO replay_order (organisation_id, id, about, events, looks, ordered_by)
VALUES (:organisation, :order, :about, :events, :looks, :actor)
ON CONFLICT (organisation_id, id) DO NOTHING
RETURNING 1;

-- name: keep_looks(organisation, order, conversations, since)
-- role: web
-- A look for each conversation.
INSERT INTO replay_look (organisation_id, order_id, conversation_id, connection_id, since)
SELECT :organisation, :order, c.id, c.connection_id, n.since
  FROM unnest(:conversations::uuid[], :since::timestamptz[]) AS n(conversation, since)
  JOIN conversation c ON c.organisation_id = :organisation AND c.id = n.conversation;

-- name: stop(organisation, order)
-- role: web
-- Looks that have begun come to their end.
UPDATE replay_order SET state = 'stopped', ended_at = now(), resting = '{}'
 WHERE organisation_id = :organisation AND id = :order AND state = 'running'
RETURNING 1;

-- name: one(organisation, order)
-- role: web
-- One order, with how far it has come. Index: replay_order_pkey.
SELECT o.id, o.about, o.events, o.looks, o.state, cardinality(o.resting) AS resting, o.ordered_by, o.ordered_at, o.ended_at,
       l.begun, l.ended
  FROM replay_order o
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE marked_at IS NOT NULL AND ended_at IS NULL) AS begun,
              count(ended_at) AS ended
         FROM replay_look l
        WHERE l.organisation_id = o.organisation_id AND l.order_id = o.id) l
 WHERE o.organisation_id = :organisation AND o.id = :order;

-- name: under_way(organisation, most)
-- role: web
-- The same of those that run, also of those that wait for the next day. Index: replay_order_running.
SELECT o.id, o.about, o.events, o.looks, o.state, cardinality(o.resting) AS resting, o.ordered_by, o.ordered_at, o.ended_at,
       l.begun, l.ended
  FROM replay_order o
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE marked_at IS NOT NULL AND ended_at IS NULL) AS begun,
              count(ended_at) AS ended
         FROM replay_look l
        WHERE l.organisation_id = o.organisation_id AND l.order_id = o.id) l
 WHERE o.organisation_id = :organisation AND o.state = 'running'
 ORDER BY o.ordered_at DESC
 LIMIT :most;

-- name: replies(organisation, order)
-- role: web
-- What the looks of an order have imported. Index: message's position.
SELECT count(*) FROM replay_look l
  JOIN message m ON m.organisation_id = l.organisation_id AND m.conversation_id = l.conversation_id
   AND m.author = 'agent' AND m.kept_at >= l.marked_at
   AND m.kept_at <= coalesce(l.ended_at, now())
 WHERE l.organisation_id = :organisation AND l.order_id = :order AND l.marked_at IS NOT NULL;

-- name: left(organisation, order, most)
-- role: web
-- Conversations that wait, or whose sync has stopped. Index: replay_look_pkey.
SELECT l.conversation_id, l.became, p.name AS customer, coalesce(c.parked_reason, '') AS reason
  FROM replay_look l
  JOIN conversation c ON c.organisation_id = l.organisation_id AND c.id = l.conversation_id
  JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
 WHERE l.organisation_id = :organisation AND l.order_id = :order AND l.became IN ('waits', 'stopped')
 ORDER BY l.ended_at, l.conversation_id
 LIMIT :most;

-- name: resting(organisation, order)
-- role: web
-- What waits for whose calls of tomorrow. Index: replay_look_owed (partial).
SELECT k.name AS connection, count(*) AS looks
  FROM replay_order o
  JOIN replay_look l ON l.organisation_id = o.organisation_id AND l.order_id = o.id
   AND l.marked_at IS NULL AND l.connection_id = ANY(o.resting)
  JOIN connection k ON k.organisation_id = l.organisation_id AND k.id = l.connection_id
 WHERE o.organisation_id = :organisation AND o.id = :order
 GROUP BY k.name
 ORDER BY k.name;

-- name: running()
-- Orders to carry out, the oldest first. Index: replay_order_running (partial).
SELECT organisation_id, id FROM replay_order WHERE state = 'running' ORDER BY ordered_at LIMIT 20;

-- name: settle(organisation, order, patience)
-- A look has ended when a lease younger than its mark was released and nothing is to be tried again;
-- what is tried again by itself holds the order up for a while only. Index: replay_look_begun.
UPDATE replay_look l
   SET ended_at = now(),
       became = CASE WHEN c.parked_at IS NOT NULL THEN 'stopped'
                     WHEN c.lease_epoch > l.epoch AND c.lease_until IS NULL AND c.failures = 0
                     THEN 'looked' ELSE 'waits' END
  FROM conversation c
 WHERE l.organisation_id = :organisation AND l.order_id = :order
   AND l.marked_at IS NOT NULL AND l.ended_at IS NULL
   AND c.organisation_id = l.organisation_id AND c.id = l.conversation_id
   AND (c.parked_at IS NOT NULL
        OR (c.lease_epoch > l.epoch AND c.lease_until IS NULL AND c.failures = 0)
        OR l.marked_at < now() - :patience::interval);

-- name: begun(organisation, order)
-- Looks under way. Index: replay_look_begun.
SELECT count(*) FROM replay_look
 WHERE organisation_id = :organisation AND order_id = :order
   AND marked_at IS NOT NULL AND ended_at IS NULL;

-- name: finish(organisation, order)
-- The last look has ended. Index: replay_look_owed, replay_look_begun.
UPDATE replay_order o SET state = 'done', ended_at = now(), resting = '{}'
 WHERE o.organisation_id = :organisation AND o.id = :order AND o.state = 'running'
   AND NOT EXISTS (SELECT 1 FROM replay_look l
                    WHERE l.organisation_id = o.organisation_id AND l.order_id = o.id
                      AND l.marked_at IS NULL)
   AND NOT EXISTS (SELECT 1 FROM replay_look l
                    WHERE l.organisation_id = o.organisation_id AND l.order_id = o.id
                      AND l.marked_at IS NOT NULL AND l.ended_at IS NULL)
RETURNING 1;

-- name: owed(organisation, order, resting, most)
-- The next looks, but those of connections that rest. Index: replay_look_owed (partial).
SELECT organisation_id, conversation_id AS id, connection_id FROM replay_look
 WHERE organisation_id = :organisation AND order_id = :order AND marked_at IS NULL
   AND connection_id <> ALL(:resting::uuid[])
 ORDER BY since, conversation_id
 LIMIT :most;

-- name: hold(organisation, order)
-- Of several workers one begins looks; an order that was stopped gives no row.
SELECT 1 FROM replay_order
 WHERE organisation_id = :organisation AND id = :order AND state = 'running'
   FOR UPDATE;

-- name: begin(organisation, order, conversation)
-- The conversation is locked and marked: which lease it has, and from when on its activities are
-- read again.
WITH begun AS (
    UPDATE replay_look l SET marked_at = now(), epoch = c.lease_epoch
      FROM conversation c
     WHERE l.organisation_id = :organisation AND l.order_id = :order
       AND l.conversation_id = :conversation AND l.marked_at IS NULL
       AND c.organisation_id = l.organisation_id AND c.id = l.conversation_id
    RETURNING l.since
)
UPDATE conversation c SET read_through = least(c.read_through, b.since)
  FROM begun b
 WHERE c.organisation_id = :organisation AND c.id = :conversation;

-- name: rest(organisation, order, resting)
-- Shown while the order is under way; the same again writes nothing.
UPDATE replay_order SET resting = :resting::uuid[]
 WHERE organisation_id = :organisation AND id = :order AND state = 'running'
   AND resting <> :resting::uuid[];
