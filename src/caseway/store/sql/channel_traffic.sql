-- How channels fare, for people.

-- name: all(organisation)
-- role: web
-- Each channel's last message in, last reply out, and what waits. Indexes: message_came_in,
-- delivery_went_out; what waits is counted once for all of them, over delivery_unsettled.
SELECT h.organisation_id, h.id, h.connection_id, h.kind, h.name, h.settings, h.secret, h.version,
       h.former_secrets, h.former_until, c.name AS connection_name,
       (SELECT m.kept_at FROM message m
         WHERE m.organisation_id = h.organisation_id AND m.channel_id = h.id AND m.author = 'contact'
         ORDER BY m.kept_at DESC LIMIT 1) AS last_in_at,
       (SELECT d.settled_at FROM delivery d
         WHERE d.organisation_id = h.organisation_id AND d.channel_id = h.id
           AND d.state IN ('sent', 'delivered', 'read')
         ORDER BY d.settled_at DESC LIMIT 1) AS last_out_at,
       coalesce(w.waiting, 0) AS waiting, w.oldest_at, coalesce(w.trouble, '') AS trouble,
       w.trouble_since, w.next_try_at
  FROM channel h
  JOIN connection c ON c.organisation_id = h.organisation_id AND c.id = h.connection_id
  LEFT JOIN (
       SELECT d.channel_id, count(*) AS waiting, min(d.owed_at) AS oldest_at,
              (array_agg(d.reason ORDER BY d.tried_at DESC NULLS LAST)
                  FILTER (WHERE d.reason <> ''))[1] AS trouble,
              min(d.owed_at) FILTER (WHERE d.reason <> '') AS trouble_since,
              min(d.not_before) FILTER (WHERE d.reason <> '') AS next_try_at
         FROM delivery d
        WHERE d.organisation_id = :organisation AND d.state IN ('owed', 'sending', 'unknown')
        GROUP BY d.channel_id) w ON w.channel_id = h.id
 WHERE h.organisation_id = :organisation AND h.removed_at IS NULL
 ORDER BY h.name;

-- name: at_stake(organisation, channel, many)
-- role: web
-- What a pause or a removal is about. Indexes: conversation_open, delivery_unsettled.
SELECT (SELECT count(*) FROM (
           SELECT 1 FROM conversation c
            WHERE c.organisation_id = :organisation AND c.channel_id = :channel
              AND c.state <> 'resolved' LIMIT :many) o) AS open_conversations,
       (SELECT count(*) FROM delivery d
         WHERE d.organisation_id = :organisation AND d.channel_id = :channel
           AND d.state IN ('owed', 'sending', 'unknown')) AS waiting;

-- name: waiting(organisation, channel, most)
-- role: web
-- Replies that were tried and are not there yet, the oldest first. Index: delivery_unsettled.
SELECT d.conversation_id, d.owed_at, d.attempts, d.not_before, d.reason, p.name, p.email
  FROM delivery d
  JOIN conversation c ON c.organisation_id = d.organisation_id AND c.id = d.conversation_id
  JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
 WHERE d.organisation_id = :organisation AND d.channel_id = :channel
   AND d.state IN ('owed', 'sending', 'unknown') AND d.reason <> ''
 ORDER BY d.owed_at
 LIMIT :most;

-- name: bring_forward(organisation, channel)
-- role: both
-- What waits on a channel may be tried now; the conversations it is about. Index: delivery_unsettled.
WITH waiting AS (
    UPDATE delivery SET not_before = least(not_before, now())
     WHERE organisation_id = :organisation AND channel_id = :channel
       AND state IN ('owed', 'sending', 'unknown')
    RETURNING conversation_id
)
SELECT DISTINCT conversation_id FROM waiting;
