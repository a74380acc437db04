-- How an organisation stands, for the foot of every page.

-- name: glance(organisation, most)
-- role: web
-- Indexes: delivery_unsettled (partial, and read no further than `most`), message_came_in (the first
-- row of each channel); the rest are few rows.
WITH unsettled AS (
    SELECT channel_id, owed_at, attempts, state FROM delivery
     WHERE organisation_id = :organisation AND state IN ('owed', 'sending', 'unknown')
     LIMIT :most
)
SELECT organisation.name AS organisation, connections.*, channels.*, owed.*
  FROM organisation,
       (SELECT count(*) AS connections,
               count(*) FILTER (WHERE trouble IS NOT NULL) AS troubled,
               count(*) FILTER (WHERE trouble IS NULL AND last_success_at IS NULL) AS unproven
          FROM connection
         WHERE organisation_id = :organisation AND removed_at IS NULL) AS connections,
       (SELECT count(*) AS channels,
               count(*) FILTER (WHERE EXISTS (
                   SELECT FROM message m
                    WHERE m.organisation_id = channel.organisation_id
                      AND m.channel_id = channel.id AND m.author = 'contact')) AS heard_channels
          FROM channel
         WHERE organisation_id = :organisation AND removed_at IS NULL) AS channels,
       (SELECT count(*) AS owed, min(owed_at) AS oldest_owed_at,
               count(DISTINCT channel_id) FILTER (WHERE attempts > 0 AND state <> 'sending')
                   AS waiting_channels
          FROM unsettled) AS owed
 WHERE organisation.id = :organisation;
