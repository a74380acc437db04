-- What arrives by webhook, by token and event type. Figures: written once a second.

-- name: add(organisations, connections, token_names, types, firsts, lasts, calls, without_case, rejected)
-- Adds what one process counted. In one order for everybody, or two could wait for each other.
INSERT INTO webhook_arrival (organisation_id, connection_id, token_name, event_type, first_at,
                             last_at, calls, without_case, rejected)
SELECT *
  FROM unnest(:organisations::uuid[], :connections::uuid[], :token_names::text[], :types::text[],
              :firsts::timestamptz[], :lasts::timestamptz[], :calls::bigint[],
              :without_case::bigint[], :rejected::bigint[])
       AS n(organisation, connection, token_name, type, first_at, last_at, calls, without_case,
            rejected)
 ORDER BY n.organisation, n.connection, n.token_name, n.type
ON CONFLICT (organisation_id, connection_id, token_name, event_type)
DO UPDATE SET first_at = least(webhook_arrival.first_at, excluded.first_at),
              last_at = greatest(webhook_arrival.last_at, excluded.last_at),
              calls = webhook_arrival.calls + excluded.calls,
              without_case = webhook_arrival.without_case + excluded.without_case,
              rejected = webhook_arrival.rejected + excluded.rejected;

-- name: of_connection(organisation, connection)
-- role: both
-- What came, of tokens that are in use or were, the newest first. Index: webhook_arrival_pkey.
SELECT token_name, event_type, first_at, last_at, calls, without_case, rejected
  FROM webhook_arrival
 WHERE organisation_id = :organisation AND connection_id = :connection
 ORDER BY last_at DESC;

-- name: refused(organisation, connection)
-- role: both
-- Calls with a wrong token, today and yesterday: those that show a name of this connection's, and,
-- where there is one organisation alone, those that nobody knows. Index: refusal_count_pkey.
SELECT r.public_name, r.source, sum(r.refusals)::bigint AS calls, max(r.day) AS day,
       t.id IS NOT NULL AS known
  FROM refusal_count r
  LEFT JOIN webhook_token t
    ON t.organisation_id = :organisation AND t.public_name = r.public_name
 WHERE r.day >= current_date - 1
   AND (t.connection_id = :connection OR (t.id IS NULL AND is_only_organisation()))
 GROUP BY r.public_name, r.source, t.id
 ORDER BY calls DESC
 LIMIT 20;

-- name: swept(organisation, connection)
-- role: both
-- How the sweep fares, one row an entity. Index: sweep_cursor_pkey.
SELECT entity, swept_at, trouble FROM sweep_cursor
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity <> 'OpenCases'
 ORDER BY entity;

-- name: asking(organisation, connection)
-- role: both
-- When both entities were asked for last, how far back, what went wrong. Index: sweep_cursor_pkey.
SELECT CASE WHEN count(swept_at) = 2 THEN min(swept_at) END AS at, max(overlap) AS overlap,
       coalesce(max(trouble), '') AS trouble
  FROM sweep_cursor
 WHERE organisation_id = :organisation AND connection_id = :connection AND entity <> 'OpenCases';

-- name: found_by_sweep(organisation, connection, since)
-- role: both
-- What the sweep found that no webhook had brought, by type. Index: webhook_event_swept.
SELECT event_type, count(*) AS findings, count(*) FILTER (WHERE outcome = 'healed') AS healed
  FROM webhook_event
 WHERE organisation_id = :organisation AND connection_id = :connection AND found_by = 'sweep'
   AND received_at >= :since
 GROUP BY event_type;
