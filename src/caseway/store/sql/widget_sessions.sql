-- The widget: sessions of devices, and what their visitors may see.

-- name: organisation_of(channel)
-- role: web
-- Whose channel it is; null for one that does not exist or was removed.
SELECT find_channel_organisation(:channel);

-- name: open(organisation, channel, session, digest, peer, identified, name, email)
-- role: web
-- A device's right to speak on the channel.
INSERT INTO widget_session (organisation_id, channel_id, public_name, digest, peer, identified,
                            name, email)
VALUES (:organisation, :channel, :session, :digest, :peer, :identified, :name, :email);

-- name: find(session)
-- role: web
-- Whose session it is, before we know the organisation. Index: widget_session_public_name_key.
SELECT organisation_id, channel_id, digest, peer FROM find_widget_session(:session);

-- name: details(organisation, channel, session)
-- role: web
-- Who speaks; and, at most once an hour, that they were here. Index: widget_session_pkey.
WITH seen AS (
    UPDATE widget_session SET last_seen_at = now()
     WHERE organisation_id = :organisation AND channel_id = :channel AND public_name = :session
       AND last_seen_at < now() - interval '1 hour'
)
SELECT identified, name, email FROM widget_session
 WHERE organisation_id = :organisation AND channel_id = :channel AND public_name = :session;

-- name: conversations(organisation, channel, peer, most)
-- role: web
-- The visitor's newest conversations, the newest first. Index: conversation_peer.
SELECT id, state FROM conversation
 WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
 ORDER BY created_at DESC
 LIMIT :most;

-- name: lines(organisation, conversations, since, most)
-- role: web
-- What may be seen of them, in order: a reply once the widget has it, of our own lines only the
-- one that tells of the closure. Index: message's position, delivery's message.
SELECT x.*
  FROM unnest(:conversations::uuid[]) WITH ORDINALITY AS c(id, newest)
 CROSS JOIN LATERAL (
       SELECT m.id, m.author, m.author_name, m.text, m.written_at, m.position, m.provider_id,
              coalesce(d.settled_at, m.kept_at) AS shown_at
         FROM message m
         LEFT JOIN delivery d ON d.organisation_id = m.organisation_id AND d.message_id = m.id
        WHERE m.organisation_id = :organisation AND m.conversation_id = c.id
          AND (m.author = 'contact' AND m.kind = 'text' OR m.author = 'ai' AND d.id IS NULL
               OR d.state IN ('sent', 'delivered', 'read') AND m.kind IN ('text', 'closing'))
        ORDER BY m.position DESC
        LIMIT :most) x
 WHERE x.shown_at >= :since
 ORDER BY c.newest DESC, x.position;

-- name: line(organisation, channel, peer, client_id)
-- role: web
-- The visitor's own message by the id that the device gave it. Index: message_identity.
SELECT id, author, author_name, text, written_at, provider_id, kept_at AS shown_at
  FROM message
 WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
   AND provider_id = :client_id AND provider_id <> '';

-- name: is_open(organisation, channel, peer)
-- role: web
-- Whether there is a conversation to join. Index: conversation_open.
SELECT EXISTS (
    SELECT 1 FROM conversation
     WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
       AND state <> 'resolved');

-- name: acknowledge(organisation, conversations, through, confirmable, becomes, most)
-- role: web
-- Compare-and-set of the replies that were shown up to then; a receipt ends all doubt.
WITH shown AS (
    SELECT d.id
      FROM unnest(:conversations::uuid[]) AS c(id)
     CROSS JOIN LATERAL (
           SELECT m.id FROM message m
            WHERE m.organisation_id = :organisation AND m.conversation_id = c.id
              AND m.author IN ('agent', 'system')
            ORDER BY m.position DESC
            LIMIT :most) m
      JOIN delivery d ON d.organisation_id = :organisation AND d.message_id = m.id
     WHERE d.state = ANY (:confirmable::text[]) AND d.settled_at <= :through
)
UPDATE delivery d SET state = :becomes, possible_double = false
  FROM shown
 WHERE d.organisation_id = :organisation AND d.id = shown.id
   AND d.state = ANY (:confirmable::text[]);
