-- Webhook calls with a wrong token: counted, never kept.

-- name: add(public_names, sources, refusals)
-- Adds what was counted in memory. Index: refusal_count_pkey.
INSERT INTO refusal_count (public_name, source, day, refusals)
SELECT n.public_name, n.source, current_date, n.refusals
  FROM unnest(:public_names::text[], :sources::text[], :refusals::bigint[])
       AS n(public_name, source, refusals)
 ORDER BY n.public_name, n.source
ON CONFLICT (day, public_name, source)
DO UPDATE SET refusals = refusal_count.refusals + excluded.refusals;
