-- How many calls each connection's Creatio got: figures, summed in memory and added once a second.

-- name: add(organisations, connections, kinds, calls)
-- Calls of the last second, by kind.
INSERT INTO call_count (organisation_id, connection_id, day, kind, calls)
SELECT n.organisation, n.connection, (now() AT TIME ZONE 'UTC')::date, n.kind, n.calls
  FROM unnest(:organisations::uuid[], :connections::uuid[], :kinds::text[], :calls::bigint[])
       AS n(organisation, connection, kind, calls)
 ORDER BY 1, 2, 4
ON CONFLICT (organisation_id, connection_id, day, kind)
DO UPDATE SET calls = call_count.calls + excluded.calls;

-- name: today()
-- Every connection's calls of today, of all processes.
SELECT organisation_id, connection_id, sum(calls)::bigint AS calls FROM call_count
 WHERE day = (now() AT TIME ZONE 'UTC')::date
 GROUP BY organisation_id, connection_id;
