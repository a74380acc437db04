-- What the pages that set Creatio up read and note.

-- name: made(organisation, connection)
-- role: both
-- Of which entities we have made records in this Creatio, and whether it asked for fewer calls.
-- Index: conversation_case, link_pkey, contact_link_pkey.
SELECT EXISTS (SELECT 1 FROM conversation
                WHERE organisation_id = :organisation AND connection_id = :connection
                  AND case_id IS NOT NULL AND agreed IS NOT NULL) AS cases,
       EXISTS (SELECT 1 FROM link
                WHERE organisation_id = :organisation AND connection_id = :connection
                  AND origin = 'ours' AND linked_at IS NOT NULL) AS activities,
       EXISTS (SELECT 1 FROM contact_link
                WHERE organisation_id = :organisation AND connection_id = :connection) AS contacts,
       EXISTS (SELECT 1 FROM connection
                WHERE organisation_id = :organisation AND id = :connection
                  AND trouble LIKE '%429%') AS throttled;

-- name: refused(organisation, connection, since)
-- role: both
-- How many activities Creatio refused for good. Index: link_refused.
SELECT count(*) FROM link
 WHERE organisation_id = :organisation AND refused_at >= :since AND connection_id = :connection;

-- name: last_test(organisation, connection)
-- role: both
-- The last test of a connection. Index: connection_test_pkey.
SELECT tested_at, tested_by, checks FROM connection_test
 WHERE organisation_id = :organisation AND connection_id = :connection;

-- name: keep_test(organisation, connection, tested_at, tested_by, checks)
-- role: both
-- In place of the one before; an older one that ends later changes nothing.
INSERT INTO connection_test (organisation_id, connection_id, tested_at, tested_by, checks)
VALUES (:organisation, :connection, :tested_at, :tested_by, :checks)
ON CONFLICT (organisation_id, connection_id)
DO UPDATE SET tested_at = excluded.tested_at, tested_by = excluded.tested_by,
              checks = excluded.checks
        WHERE connection_test.tested_at <= excluded.tested_at;

-- name: progress(organisation)
-- role: both
-- How far the getting-started steps are; each is one look into an index: the order of the
-- deliveries, which nobody needs, keeps their table from being read through all that failed.
SELECT EXISTS (SELECT 1 FROM connection
                WHERE organisation_id = :organisation AND removed_at IS NULL
                  AND trouble IS NULL AND last_success_at IS NOT NULL) AS connected,
       (SELECT count(DISTINCT event_type) = 2 FROM webhook_arrival
         WHERE organisation_id = :organisation AND calls > rejected
           AND event_type IN ('new_activity', 'case_closed')) AS called,
       (SELECT true FROM delivery WHERE organisation_id = :organisation
         ORDER BY organisation_id, id LIMIT 1) IS NOT NULL AS replied,
       EXISTS (SELECT 1 FROM channel
                WHERE organisation_id = :organisation AND removed_at IS NULL) AS opened,
       (SELECT true FROM delivery
         WHERE organisation_id = :organisation AND state IN ('sent', 'delivered', 'read')
         ORDER BY organisation_id, channel_id, settled_at DESC LIMIT 1) IS NOT NULL AS went_round,
       EXISTS (SELECT 1 FROM dismissal
                WHERE organisation_id = :organisation AND subject = 'getting started') AS put_away;

-- name: rules(organisation)
-- role: both
-- The settings of every connection: whether its reply rule was chosen. Index: connection_name.
SELECT settings FROM connection WHERE organisation_id = :organisation AND removed_at IS NULL;

-- name: put_away(organisation, by)
-- role: both
-- The getting-started steps are not shown again.
INSERT INTO dismissal (organisation_id, subject, by) VALUES (:organisation, 'getting started', :by)
ON CONFLICT DO NOTHING;
