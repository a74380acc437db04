-- The sweep: what changed since the watermark. Watermark, seen ids and marks move in one transaction.

-- name: ensure_cursors(organisations, connections)
-- A new connection gets its cursors.
INSERT INTO sweep_cursor (organisation_id, connection_id, entity)
SELECT n.organisation, n.connection, e.entity
  FROM unnest(:organisations::uuid[], :connections::uuid[]) AS n(organisation, connection)
 CROSS JOIN (VALUES ('Activity'), ('Case'), ('OpenCases')) AS e(entity)
ON CONFLICT DO NOTHING;

-- name: due(organisations, connections)
-- Which entities are to be swept now, longest waiting first.
SELECT s.organisation_id, s.connection_id, s.entity
  FROM sweep_cursor s
  JOIN unnest(:organisations::uuid[], :connections::uuid[]) AS n(organisation, connection)
    ON s.organisation_id = n.organisation AND s.connection_id = n.connection
 WHERE s.next_at <= clock_timestamp()
   AND (s.lease_until IS NULL OR s.lease_until < clock_timestamp())
 ORDER BY s.next_at;

-- name: claim(organisation, connection, entity, lease)
-- One runner an entity and connection.
UPDATE sweep_cursor
   SET lease_epoch = lease_epoch + 1, lease_until = clock_timestamp() + :lease
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity = :entity
   AND next_at <= clock_timestamp()
   AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING lease_epoch, watermark, overlap;

-- name: fence(organisation, connection, entity, epoch, lease)
-- Every write of a sweep begins here; no row: another runner has taken over.
UPDATE sweep_cursor SET lease_until = clock_timestamp() + :lease
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity = :entity
   AND lease_epoch = :epoch
RETURNING watermark;

-- name: unseen(organisation, connection, entity, records, modified)
-- Which rows of a page are new: told by id and stamp, never by the cursor. Index: sweep_seen_pkey.
SELECT n.ord - 1 AS at
  FROM unnest(:records::uuid[], :modified::timestamptz[]) WITH ORDINALITY AS n(record, modified, ord)
  LEFT JOIN sweep_seen s
    ON s.organisation_id = :organisation AND s.connection_id = :connection
   AND s.entity = :entity AND s.record_id = n.record
 WHERE s.record_id IS NULL OR s.modified_on <> n.modified;

-- name: activities_to_look_at(organisation, connection, records, cases)
-- New activities whose id is not yet proven, with the conversation of their case.
SELECT c.organisation_id, c.id, n.record, n.case_id, l.activity_id IS NOT NULL AS planned,
       c.case_id IS DISTINCT FROM n.case_id AS earlier
  FROM unnest(:records::uuid[], :cases::uuid[]) AS n(record, case_id)
  LEFT JOIN link l
    ON l.organisation_id = :organisation AND l.connection_id = :connection
   AND l.activity_id = n.record
  JOIN conversation c
    ON c.organisation_id = :organisation AND c.id = coalesce(
       (SELECT k.id FROM conversation k
         WHERE k.organisation_id = :organisation AND k.connection_id = :connection
           AND k.case_id = n.case_id),
       (SELECT h.conversation_id FROM case_link h
         WHERE h.organisation_id = :organisation AND h.connection_id = :connection
           AND h.case_id = n.case_id ORDER BY h.given_up_at DESC LIMIT 1))
 WHERE l.linked_at IS NULL;

-- name: cases_to_look_at(organisation, connection, cases, statuses)
-- Cases of ours whose status is not the one that both sides agreed on.
SELECT c.organisation_id, c.id, n.case_id
  FROM unnest(:cases::uuid[], :statuses::uuid[]) AS n(case_id, status)
  JOIN conversation c
    ON c.organisation_id = :organisation AND c.connection_id = :connection
   AND c.case_id = n.case_id
 WHERE c.agreed IS NULL OR n.status IS NULL OR c.agreed_status IS DISTINCT FROM n.status;

-- name: remember(organisation, connection, entity, records, modified)
-- New rows, and known ones with a new stamp.
INSERT INTO sweep_seen (organisation_id, connection_id, entity, record_id, modified_on)
SELECT :organisation, :connection, :entity, n.record, n.modified
  FROM unnest(:records::uuid[], :modified::timestamptz[]) AS n(record, modified)
ON CONFLICT (organisation_id, connection_id, entity, record_id)
DO UPDATE SET modified_on = excluded.modified_on;

-- name: move(organisation, connection, entity, watermark)
-- The watermark is Creatio's time.
UPDATE sweep_cursor SET watermark = :watermark
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity = :entity;

-- name: forget(organisation, connection, entity)
-- What lies before the window is never asked for again. Index: sweep_seen_old.
DELETE FROM sweep_seen s USING sweep_cursor c
 WHERE c.organisation_id = :organisation AND c.connection_id = :connection AND c.entity = :entity
   AND s.organisation_id = c.organisation_id AND s.connection_id = c.connection_id
   AND s.entity = c.entity AND s.modified_on < c.watermark - c.overlap;

-- name: note_findings(ids, organisations, connections, types, cases, conversations, outcomes, reasons)
-- A sweep's finding is an event like any other.
INSERT INTO webhook_event (organisation_id, id, connection_id, found_by, event_type, case_id,
                           conversation_id, outcome, reason)
SELECT organisation, id, connection, 'sweep', type, case_id, conversation, outcome, reason
  FROM unnest(:ids::uuid[], :organisations::uuid[], :connections::uuid[], :types::text[],
              :cases::uuid[], :conversations::uuid[], :outcomes::text[], :reasons::text[])
       AS n(id, organisation, connection, type, case_id, conversation, outcome, reason);

-- name: recent_word(organisation, conversation, since)
-- Whether a webhook told of this conversation lately. Index: webhook_event_conversation.
SELECT EXISTS (
    SELECT 1 FROM webhook_event
     WHERE organisation_id = :organisation AND conversation_id = :conversation
       AND received_at >= :since AND found_by = 'webhook');

-- name: release(organisation, connection, entity, epoch, next_in, trouble)
-- When to ask again, and what went wrong.
UPDATE sweep_cursor
   SET lease_until = NULL, next_at = clock_timestamp() + :next_in, trouble = :trouble,
       swept_at = CASE WHEN :trouble::text IS NULL THEN now() ELSE swept_at END
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity = :entity
   AND lease_epoch = :epoch;

-- name: hurry(organisation, connection, entities)
-- role: both
-- A person asks for a sweep now.
UPDATE sweep_cursor SET next_at = now()
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND entity = ANY(:entities::text[])
RETURNING entity;

-- name: open_cases(organisation, connection, limit)
-- Open cases that this night's comparison has not come to. Index: conversation_agreed_open.
SELECT c.organisation_id, c.id, c.case_id, c.agreed_status, c.linked_through > 0 AS has_activities
  FROM conversation c
 WHERE c.organisation_id = :organisation AND c.connection_id = :connection
   AND c.agreed = 'open' AND c.parked_at IS NULL
   AND c.case_id > coalesce(
       (SELECT s.compared_through FROM sweep_cursor s
         WHERE s.organisation_id = :organisation AND s.connection_id = :connection
           AND s.entity = 'OpenCases'), '00000000-0000-0000-0000-000000000000'::uuid)
 ORDER BY c.case_id
 LIMIT :limit;

-- name: linked(organisation, connection, activities)
-- Which of these activities are proven links. Index: link_pkey.
SELECT activity_id FROM link
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND activity_id = ANY(:activities::uuid[]) AND linked_at IS NOT NULL;

-- name: come_to(organisation, connection, through)
-- How far this night's comparison has come; null: it is at its end.
UPDATE sweep_cursor SET compared_through = :through
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity = 'OpenCases';

-- name: webhooks_last_used(organisation, connection)
-- Whether webhooks work: the newest use of any token of the connection.
SELECT max(last_used_at) FROM webhook_token
 WHERE organisation_id = :organisation AND connection_id = :connection;
