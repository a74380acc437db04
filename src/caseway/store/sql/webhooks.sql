-- The receiver's shared commit: events of many requests at once.

-- name: keep_events(ids, organisations, connections, tokens, token_names, sources, types, cases, outcomes, reasons, bodies, tests)
-- Keeps the events whose token still holds, finds their conversations, marks those. One row an event:
-- the conversation if there is one, whether its mark wants a job, and whether the token holds.
-- Index: webhook_token_pkey, conversation_case, case_link_pkey.
WITH incoming AS MATERIALIZED (
    SELECT n.*, t.id IS NOT NULL AS holds
      FROM unnest(:ids::uuid[], :organisations::uuid[], :connections::uuid[], :tokens::uuid[],
                  :token_names::text[], :sources::text[], :types::text[], :cases::uuid[],
                  :outcomes::text[], :reasons::text[], :bodies::bytea[], :tests::boolean[])
           WITH ORDINALITY
           AS n(id, organisation, connection, token, token_name, source, type, case_id, outcome,
                reason, body, test, ord)
      LEFT JOIN webhook_token t
        ON t.organisation_id = n.organisation AND t.id = n.token AND t.revoked_at IS NULL
       AND (t.expires_at IS NULL OR t.expires_at > now())
), matched AS MATERIALIZED (
    SELECT i.*, c.id IS NOT NULL AS current, coalesce(
               c.id,
               (SELECT l.conversation_id FROM case_link l
                 WHERE l.organisation_id = i.organisation AND l.connection_id = i.connection
                   AND l.case_id = i.case_id
                 ORDER BY l.given_up_at DESC LIMIT 1)) AS conversation
      FROM incoming i
      LEFT JOIN conversation c
        ON c.organisation_id = i.organisation AND c.connection_id = i.connection
       AND c.case_id = i.case_id
     WHERE i.holds
), kept AS (
    INSERT INTO webhook_event (organisation_id, id, connection_id, found_by, token_name, source,
                               event_type, case_id, conversation_id, outcome, reason, body)
    SELECT organisation, id, connection, CASE WHEN test THEN 'test' ELSE 'webhook' END, token_name,
           source, type, case_id, conversation,
           CASE WHEN outcome = 'accepted' AND conversation IS NULL THEN 'ignored'
                WHEN outcome = 'accepted' AND type = 'case_closed' AND NOT current
                THEN 'nothing_new' ELSE outcome END,
           CASE WHEN outcome = 'accepted' AND conversation IS NULL
                THEN 'The case is not one of ours. Not an error.'
                WHEN outcome = 'accepted' AND type = 'case_closed' AND NOT current
                THEN 'An earlier case of this conversation, which goes on in another one.'
                ELSE reason END,
           CASE WHEN outcome = 'accepted' AND conversation IS NOT NULL THEN body
                ELSE substring(body FROM 1 FOR 4096) END
      FROM matched
), used AS (
    UPDATE webhook_token t SET last_used_at = now()
     WHERE (t.organisation_id, t.id) IN
           (SELECT DISTINCT organisation, token FROM matched WHERE NOT test)
       AND (t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 second')
), wanted AS MATERIALIZED (
    SELECT organisation, conversation,
           bit_or(CASE WHEN NOT current THEN 4 WHEN type = 'case_closed' THEN 2 ELSE 1 END) AS hints,
           (array_agg(id ORDER BY ord DESC) FILTER (WHERE type = 'case_closed'))[1] AS claim
      FROM matched
     WHERE conversation IS NOT NULL AND outcome = 'accepted'
       AND (current OR type <> 'case_closed')
     GROUP BY organisation, conversation
), locked AS MATERIALIZED (
    SELECT c.organisation_id, c.id, c.due_at, c.parked_at, c.hints, w.hints AS more, w.claim
      FROM conversation c
      JOIN wanted w ON w.organisation = c.organisation_id AND w.conversation = c.id
     ORDER BY c.organisation_id, c.id
       FOR UPDATE OF c
), marked AS (
    UPDATE conversation c
       SET due_at = least(c.due_at, now()), hints = c.hints | l.more,
           claim_event = coalesce(l.claim, c.claim_event)
      FROM locked l
     WHERE c.organisation_id = l.organisation_id AND c.id = l.id
       AND (l.due_at IS NULL OR l.due_at > now() OR l.hints | l.more <> l.hints
            OR l.claim IS NOT NULL)
)
SELECT i.ord, i.holds, now() AS at, m.conversation,
       l.id IS NOT NULL AND l.parked_at IS NULL AND (l.due_at IS NULL OR l.due_at > now()) AS fresh
  FROM incoming i
  LEFT JOIN matched m ON m.ord = i.ord
  LEFT JOIN locked l ON l.organisation_id = m.organisation AND l.id = m.conversation
 ORDER BY i.ord;
