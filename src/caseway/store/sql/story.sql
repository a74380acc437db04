-- What Caseway noticed, planned and did, as the demo page tells it.

-- name: events(organisation, since, most)
-- role: web
-- What Creatio told, or a sweep found. Index: webhook_event's primary key, backwards.
SELECT id, conversation_id, received_at AS at, found_by, event_type, outcome, reason
  FROM webhook_event
 WHERE organisation_id = :organisation AND received_at >= :since
 ORDER BY received_at DESC
 LIMIT :most;

-- name: messages(organisation, since, most)
-- role: web
-- What customers wrote in the newest conversations. Index: conversation_newest, message's position.
SELECT m.id, m.conversation_id, m.kept_at AS at,
       CASE WHEN length(m.text) > 80 THEN left(m.text, 79) || '…' ELSE m.text END AS text
  FROM (SELECT id FROM conversation
         WHERE organisation_id = :organisation
         ORDER BY created_at DESC, id DESC
         LIMIT 20) c
 CROSS JOIN LATERAL (
       SELECT n.id, n.conversation_id, n.kept_at, n.text FROM message n
        WHERE n.organisation_id = :organisation AND n.conversation_id = c.id
          AND n.author = 'contact' AND n.kept_at >= :since
        ORDER BY n.position DESC
        LIMIT :most) m
 ORDER BY m.kept_at DESC
 LIMIT :most;

-- name: runs(organisation, since, most)
-- role: web
-- The journals. Index: run's primary key, backwards.
SELECT id, conversation_id, begun_at, ended_at, steps
  FROM run
 WHERE organisation_id = :organisation AND begun_at >= :since
 ORDER BY begun_at DESC
 LIMIT :most;

-- name: tour(organisation)
-- role: web
-- How far the newest conversations have come. Index: conversation_newest, message's position.
WITH recent AS (
    SELECT id, agreed, agent_replied, state FROM conversation
     WHERE organisation_id = :organisation
     ORDER BY created_at DESC, id DESC
     LIMIT 20
)
SELECT EXISTS (SELECT 1 FROM recent) AS wrote,
       EXISTS (SELECT 1 FROM recent WHERE agreed IS NOT NULL) AS case_opened,
       EXISTS (SELECT 1 FROM recent WHERE agent_replied) AS answered,
       EXISTS (SELECT 1 FROM recent c
                 JOIN message m ON m.organisation_id = :organisation AND m.conversation_id = c.id
                 JOIN delivery d ON d.organisation_id = :organisation AND d.message_id = m.id
                WHERE m.author = 'agent' AND d.state IN ('delivered', 'read')) AS arrived,
       EXISTS (SELECT 1 FROM recent WHERE state = 'resolved') AS resolved;
