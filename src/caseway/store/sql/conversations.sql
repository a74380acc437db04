-- One conversation as its page shows it: facts, ledger, what was done.

-- name: facts(organisation, conversation)
-- role: web
-- `untold`: what is not written to the case yet. Index: conversation_pkey, link_owed.
SELECT c.organisation_id, c.id, c.state, c.state_since, c.created_at, c.address, c.channel_id,
       c.contact_id, c.wants_case, c.agreed, c.parked_at, c.parked_reason, c.failures,
       CASE WHEN c.agreed IS NOT NULL THEN c.case_id END AS case_id, c.case_number,
       h.kind AS channel_kind, h.name AS channel_name, h.removed_at IS NOT NULL AS channel_removed,
       p.name, p.email, p.phone, p.verified, r.remote_id,
       k.id AS connection_id, k.name AS connection_name, k.trouble, k.trouble_since,
       k.base_url || CASE WHEN coalesce(nullif(k.platform, 'detect'), k.found_platform) = 'core'
                          THEN '' ELSE '/0' END AS pages_url,
       ARRAY(SELECT l.message_id FROM link l
              WHERE l.organisation_id = c.organisation_id AND l.conversation_id = c.id
                AND l.linked_at IS NULL) AS untold
  FROM conversation c
  JOIN channel h ON h.organisation_id = c.organisation_id AND h.id = c.channel_id
  JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
  JOIN connection k ON k.organisation_id = c.organisation_id AND k.id = c.connection_id
  LEFT JOIN contact_link r ON r.organisation_id = c.organisation_id
   AND r.connection_id = c.connection_id AND r.contact_id = c.contact_id
 WHERE c.organisation_id = :organisation AND c.id = :conversation;

-- name: others(organisation, conversation, contact, most)
-- role: web
-- The same contact's other conversations, the newest first. Index: conversation_contact.
SELECT c.id, c.state, c.created_at, c.case_number, h.kind AS channel_kind, h.name AS channel_name
  FROM conversation c
  JOIN channel h ON h.organisation_id = c.organisation_id AND h.id = c.channel_id
 WHERE c.organisation_id = :organisation AND c.contact_id = :contact AND c.id <> :conversation
 ORDER BY c.created_at DESC LIMIT :most;

-- name: earlier_cases(organisation, conversation, most)
-- role: web
-- Cases that it had before. Index: case_link_conversation.
SELECT case_id, number, given_up_at FROM case_link
 WHERE organisation_id = :organisation AND conversation_id = :conversation
 ORDER BY ordinal DESC LIMIT :most;

-- name: entries(organisation, conversation, before, most)
-- role: web
-- The newest messages before a position, each with its activity and its delivery.
-- Index: message's position, link by message, delivery by message.
SELECT m.id, m.position, m.author, m.author_name, m.kind, m.text, m.written_at, m.kept_at,
       l.activity_id, l.origin, l.created_on, l.linked_at, l.refused_at, l.refusal,
       d.id AS delivery_id, d.state, d.owed_at, d.not_before, d.attempts, d.possible_double,
       d.reason, d.settled_at
  FROM message m
  LEFT JOIN LATERAL (
       SELECT * FROM link l
        WHERE l.organisation_id = m.organisation_id AND l.message_id = m.id
        ORDER BY l.ordinal DESC LIMIT 1) l ON true
  LEFT JOIN delivery d ON d.organisation_id = m.organisation_id AND d.message_id = m.id
 WHERE m.organisation_id = :organisation AND m.conversation_id = :conversation
   AND m.position < :before
 ORDER BY m.position DESC
 LIMIT :most;

-- name: tries(organisation, deliveries, most)
-- role: web
-- The newest attempts of each delivery. Index: attempt_pkey.
SELECT t.delivery_id, t.number, t.begun_at, t.ended_at, t.became, t.reason
  FROM unnest(:deliveries::uuid[]) d(id)
 CROSS JOIN LATERAL (
       SELECT * FROM attempt a
        WHERE a.organisation_id = :organisation AND a.delivery_id = d.id
        ORDER BY a.number DESC LIMIT :most) t
 ORDER BY t.delivery_id, t.number;

-- name: kept_back(organisation, conversation, connection, since, until, looks)
-- role: web
-- Activities that the looks of a time left in Creatio, with the newest reason; what has become a
-- reply since is none of them. Index: run_conversation, link_pkey.
WITH looked AS MATERIALIZED (
    SELECT begun_at, steps FROM run
     WHERE organisation_id = :organisation AND conversation_id = :conversation
       AND begun_at >= :since AND begun_at < :until
     ORDER BY begun_at DESC LIMIT :looks
), noted AS (
    SELECT substring(s ->> 'deed' FROM '^left activity ([0-9a-f-]{36})')::uuid AS activity,
           s ->> 'why' AS reason, l.begun_at
      FROM looked l CROSS JOIN LATERAL jsonb_array_elements(l.steps) s
     WHERE s ->> 'deed' LIKE 'left activity %'
)
SELECT n.activity, min(n.begun_at) AS seen_at,
       (array_agg(n.reason ORDER BY n.begun_at DESC))[1] AS reason
  FROM noted n
 WHERE NOT EXISTS (SELECT 1 FROM link l
                    WHERE l.organisation_id = :organisation AND l.connection_id = :connection
                      AND l.activity_id = n.activity)
 GROUP BY n.activity
 ORDER BY seen_at;

-- name: balance(organisation, conversation, most)
-- role: web
-- Both sides of the newest messages, counted. The closing line is told to the customer alone.
-- Index: message's position, link by message.
SELECT count(*) AS messages, count(*) FILTER (WHERE l.linked) AS activities,
       count(*) FILTER (WHERE l.refused) AS refused,
       coalesce(array_agg(m.position ORDER BY m.position)
                FILTER (WHERE l.linked IS DISTINCT FROM true), '{}') AS missing
  FROM (SELECT id, position FROM message
         WHERE organisation_id = :organisation AND conversation_id = :conversation
           AND kind <> 'closing'
         ORDER BY position DESC LIMIT :most) m
  LEFT JOIN LATERAL (
       SELECT bool_or(l.linked_at IS NOT NULL) AS linked, bool_or(l.refused_at IS NOT NULL) AS refused
         FROM link l
        WHERE l.organisation_id = :organisation AND l.message_id = m.id) l ON true;

-- name: events(organisation, conversation, before, most)
-- role: web
-- What Creatio told of it, or a sweep found. Index: webhook_event_conversation.
SELECT id, conversation_id, received_at AS at, found_by, event_type, outcome, reason
  FROM webhook_event
 WHERE organisation_id = :organisation AND conversation_id = :conversation
   AND received_at < :before
 ORDER BY received_at DESC LIMIT :most;

-- name: messages(organisation, conversation, before, most)
-- role: web
-- What its customer wrote. Index: message's position.
SELECT m.id, m.conversation_id, m.kept_at AS at,
       CASE WHEN length(m.text) > 80 THEN left(m.text, 79) || '…' ELSE m.text END AS text
  FROM message m
 WHERE m.organisation_id = :organisation AND m.conversation_id = :conversation
   AND m.author = 'contact' AND m.kept_at < :before
 ORDER BY m.position DESC LIMIT :most;

-- name: runs(organisation, conversation, before, most)
-- role: web
-- What was done; a look that did nothing says nothing. Index: run_conversation.
SELECT id, conversation_id, begun_at, ended_at, steps FROM run
 WHERE organisation_id = :organisation AND conversation_id = :conversation AND begun_at < :before
   AND steps <> '[]'
 ORDER BY begun_at DESC LIMIT :most;

-- name: replays(organisation, conversation, before, most)
-- role: web
-- Replays that had it looked at again. Index: replay_look_conversation, replay_order_pkey.
SELECT o.id, l.conversation_id, l.marked_at AS at, o.ordered_by, o.about
  FROM replay_look l
  JOIN replay_order o ON o.organisation_id = l.organisation_id AND o.id = l.order_id
 WHERE l.organisation_id = :organisation AND l.conversation_id = :conversation
   AND l.marked_at < :before
 ORDER BY l.marked_at DESC LIMIT :most;

-- name: deeds(organisation, subject, before, most)
-- role: web
-- What people did by hand. Index: audit_entry_subject.
SELECT id, at, actor, action, after FROM audit_entry
 WHERE organisation_id = :organisation AND subject = :subject AND at < :before
 ORDER BY at DESC LIMIT :most;

-- name: token(organisation, conversation)
-- role: web
-- Differs when the page may: `xmin` is another one after every change of a row.
-- Index: conversation_pkey, message's position, delivery by message.
SELECT md5(concat_ws('/', c.xmin, k.trouble,
           (SELECT string_agg(d.xmin::text, ' ' ORDER BY m.position)
              FROM (SELECT id, position FROM message
                     WHERE organisation_id = c.organisation_id AND conversation_id = c.id
                     ORDER BY position DESC LIMIT 50) m
              JOIN delivery d ON d.organisation_id = c.organisation_id AND d.message_id = m.id)))
  FROM conversation c
  JOIN connection k ON k.organisation_id = c.organisation_id AND k.id = c.connection_id
 WHERE c.organisation_id = :organisation AND c.id = :conversation;
