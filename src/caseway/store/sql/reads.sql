-- What pages and the API read. Each answers with nothing for another organisation's ids.

-- name: conversation(organisation, conversation)
-- role: web
-- One conversation with its contact, channel and case. Index: conversation_pkey.
SELECT c.organisation_id, c.id, c.state, c.channel_id, h.name AS channel_name, p.name, p.email,
       p.phone, CASE WHEN c.agreed IS NOT NULL THEN c.case_id END AS case_id, c.case_number,
       k.base_url || CASE WHEN coalesce(nullif(k.platform, 'detect'), k.found_platform) = 'core'
                          THEN '' ELSE '/0' END AS pages_url, c.created_at
  FROM conversation c
  JOIN channel h ON h.organisation_id = c.organisation_id AND h.id = c.channel_id
  JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
  JOIN connection k ON k.organisation_id = c.organisation_id AND k.id = c.connection_id
 WHERE c.organisation_id = :organisation AND c.id = :conversation;

-- name: messages(organisation, conversation, after, most)
-- role: web
-- Messages in order from a position on. Index: message_organisation_id_conversation_id_position_key.
SELECT m.id, m.conversation_id, m.position, m.author, m.author_name, m.kind, m.text, m.provider_id,
       m.written_at, l.activity_id, d.state AS delivery, d.attempts, d.possible_double
  FROM message m
  LEFT JOIN LATERAL (
       SELECT l.activity_id FROM link l
        WHERE l.organisation_id = m.organisation_id AND l.message_id = m.id
          AND l.linked_at IS NOT NULL
        ORDER BY l.ordinal DESC LIMIT 1) l ON true
  LEFT JOIN delivery d ON d.organisation_id = m.organisation_id AND d.message_id = m.id
 WHERE m.organisation_id = :organisation AND m.conversation_id = :conversation
   AND m.position > :after
 ORDER BY m.position
 LIMIT :most;

-- name: message(organisation, conversation, message)
-- role: web
-- One message as it is listed. Index: message_pkey.
SELECT m.id, m.conversation_id, m.position, m.author, m.author_name, m.kind, m.text, m.provider_id,
       m.written_at, l.activity_id, d.state AS delivery, d.attempts, d.possible_double
  FROM message m
  LEFT JOIN LATERAL (
       SELECT l.activity_id FROM link l
        WHERE l.organisation_id = m.organisation_id AND l.message_id = m.id
          AND l.linked_at IS NOT NULL
        ORDER BY l.ordinal DESC LIMIT 1) l ON true
  LEFT JOIN delivery d ON d.organisation_id = m.organisation_id AND d.message_id = m.id
 WHERE m.organisation_id = :organisation AND m.id = :message
   AND m.conversation_id = :conversation;

-- name: channel_named(organisation, name)
-- role: web
-- Callers give a channel's id or its name. Index: channel_name, and an organisation has few.
SELECT id FROM channel
 WHERE organisation_id = :organisation AND (name = :name OR id::text = lower(:name))
   AND removed_at IS NULL;

-- name: handed_off_since(organisation, conversation, since)
-- role: web
-- Whether the note of a hand-off was kept from then on. Index: message's position.
SELECT EXISTS (
    SELECT 1 FROM message
     WHERE organisation_id = :organisation AND conversation_id = :conversation
       AND kind = 'handoff' AND kept_at >= :since);
