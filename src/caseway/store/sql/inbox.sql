-- The list of conversations: found by filters or by a search, then read by their ids.

-- name: channels(organisation)
-- role: web
-- All, also removed ones: their conversations stay. An organisation has few.
SELECT id, kind, name, removed_at IS NOT NULL AS removed FROM channel
 WHERE organisation_id = :organisation
 ORDER BY removed_at IS NOT NULL, name;

-- name: newest(organisation, channels, states, before, before_id, most)
-- role: web
-- Whoever said something last comes first. Each channel's and state's newest are rows that stand
-- together in conversation_listed, so any filter reads as many as it shows.
SELECT f.id, f.said_at AS at
  FROM unnest(:channels::uuid[]) h(channel)
 CROSS JOIN unnest(:states::text[]) s(state)
 CROSS JOIN LATERAL (
       SELECT c.id, c.said_at FROM conversation c
        WHERE c.organisation_id = :organisation AND c.channel_id = h.channel
          AND c.state = s.state AND (c.said_at, c.id) < (:before, :before_id)
        ORDER BY c.said_at DESC, c.id DESC
        LIMIT :most) f
 ORDER BY f.said_at DESC, f.id DESC
 LIMIT :most;

-- name: by_delivery(organisation, deliveries, before, before_id, window)
-- role: web
-- The newest deliveries that stand so, each with its conversation. Index: delivery_standing.
SELECT d.id, d.owed_at AS at, c.id AS conversation_id, c.channel_id, c.state
  FROM (SELECT f.* FROM unnest(:deliveries::text[]) s(state)
         CROSS JOIN LATERAL (
               SELECT d.id, d.owed_at, d.conversation_id FROM delivery d
                WHERE d.organisation_id = :organisation AND d.state = s.state
                  AND d.state IN ('owed', 'sending', 'unknown', 'failed')
                  AND (d.owed_at, d.id) < (:before, :before_id)
                ORDER BY d.owed_at DESC, d.id DESC
                LIMIT :window) f
         ORDER BY f.owed_at DESC, f.id DESC
         LIMIT :window) d
  JOIN conversation c ON c.organisation_id = :organisation AND c.id = d.conversation_id
 ORDER BY d.owed_at DESC, d.id DESC;

-- name: search(organisation, name, name_end, word, word_end, words, email, email_end, phone,
--   phone_end, number, number_end, id, id_end, channels, states, deliveries, before, before_id, window, most)
-- role: web
-- By the beginning of a name, a word of it, an address, a case's number or the conversation's id:
-- from each index at most a window of rows. Index: contact_name, contact_word_pkey, contact_email,
-- contact_phone, conversation_number, case_link_number, conversation_contact. Always a row, which
-- says whether a window was full; without a conversation where none fits.
WITH worded AS MATERIALIZED (
    SELECT contact_id FROM contact_word WHERE organisation_id = :organisation
       AND word >= :word AND word < :word_end ORDER BY word LIMIT :window
), people AS MATERIALIZED (
    (SELECT id FROM contact WHERE organisation_id = :organisation AND name_key <> ''
        AND name_key >= :name AND name_key < :name_end ORDER BY name_key LIMIT :window)
    UNION
    (SELECT p.id
       FROM worded w
       JOIN contact p ON p.organisation_id = :organisation AND p.id = w.contact_id
      WHERE NOT EXISTS (SELECT 1 FROM unnest(:words::text[]) t(typed)
                         WHERE strpos(p.name_key, t.typed) = 0))
    UNION
    (SELECT id FROM contact WHERE organisation_id = :organisation AND email_key <> ''
        AND email_key >= :email AND email_key < :email_end ORDER BY email_key LIMIT :window)
    UNION
    (SELECT id FROM contact WHERE organisation_id = :organisation AND phone <> ''
        AND phone COLLATE "C" >= :phone AND phone COLLATE "C" < :phone_end
      ORDER BY phone COLLATE "C" LIMIT :window)
), found AS MATERIALIZED (
    SELECT c.id FROM people p
     CROSS JOIN LATERAL (SELECT c.id FROM conversation c
                          WHERE c.organisation_id = :organisation AND c.contact_id = p.id
                          LIMIT :window) c
    UNION
    (SELECT id FROM conversation WHERE organisation_id = :organisation AND case_number <> ''
        AND case_number COLLATE "C" >= :number AND case_number COLLATE "C" < :number_end
      ORDER BY case_number COLLATE "C" LIMIT :window)
    UNION
    (SELECT conversation_id FROM case_link WHERE organisation_id = :organisation AND number <> ''
        AND number COLLATE "C" >= :number AND number COLLATE "C" < :number_end
      ORDER BY number COLLATE "C" LIMIT :window)
    UNION
    (SELECT id FROM conversation WHERE organisation_id = :organisation
        AND id >= :id AND id <= :id_end ORDER BY id LIMIT :window)
)
SELECT l.id, l.at, t.too_many
  FROM (SELECT (SELECT count(*) FROM people) >= :window
               OR (SELECT count(*) FROM worded) >= :window
               OR (SELECT count(*) FROM found) >= :window AS too_many) t
  LEFT JOIN (
SELECT c.id, c.said_at AS at
  FROM found f
  JOIN conversation c ON c.organisation_id = :organisation AND c.id = f.id
 WHERE c.channel_id = ANY(:channels::uuid[]) AND c.state = ANY(:states::text[])
   AND (c.said_at, c.id) < (:before, :before_id)
   AND (cardinality(:deliveries::text[]) = 0
        OR EXISTS (SELECT 1 FROM delivery d
                    WHERE d.organisation_id = :organisation AND d.conversation_id = c.id
                      AND d.state IN ('owed', 'sending', 'unknown')
                      AND d.state = ANY(:deliveries::text[]))
        OR EXISTS (SELECT 1 FROM delivery d
                    WHERE d.organisation_id = :organisation AND d.conversation_id = c.id
                      AND d.state = 'failed' AND d.state = ANY(:deliveries::text[])))
 ORDER BY c.said_at DESC, c.id DESC
 LIMIT :most) l ON true
 ORDER BY l.at DESC, l.id DESC;

-- name: rows(organisation, conversations)
-- role: web
-- What the list shows of them. The last reply is looked for among the newest messages, so a long
-- conversation costs no more. Index: conversation_pkey, message's position, delivery by message.
SELECT c.organisation_id, c.id, c.state, c.said_at, c.address, c.parked_at IS NOT NULL AS parked,
       h.kind, h.name AS channel_name, p.name, p.email, p.phone,
       CASE WHEN c.agreed IS NOT NULL THEN c.case_id END AS case_id, c.case_number,
       k.base_url || CASE WHEN coalesce(nullif(k.platform, 'detect'), k.found_platform) = 'core'
                          THEN '' ELSE '/0' END AS pages_url,
       m.author, m.author_name, left(m.text, 200) AS said, r.state AS reply
  FROM conversation c
  JOIN channel h ON h.organisation_id = c.organisation_id AND h.id = c.channel_id
  JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
  JOIN connection k ON k.organisation_id = c.organisation_id AND k.id = c.connection_id
  LEFT JOIN LATERAL (
       SELECT n.author, n.author_name, n.text FROM message n
        WHERE n.organisation_id = c.organisation_id AND n.conversation_id = c.id
        ORDER BY n.position DESC LIMIT 1) m ON true
  LEFT JOIN LATERAL (
       SELECT d.state
         FROM (SELECT n.id, n.author, n.position FROM message n
                WHERE n.organisation_id = c.organisation_id AND n.conversation_id = c.id
                ORDER BY n.position DESC LIMIT 20) n
         JOIN delivery d ON d.organisation_id = c.organisation_id AND d.message_id = n.id
        WHERE n.author = 'agent'
        ORDER BY n.position DESC LIMIT 1) r ON true
 WHERE c.organisation_id = :organisation AND c.id = ANY(:conversations::uuid[]);

-- name: counts(organisation, channels, most)
-- role: web
-- So many in each open state, and so many replies on their way, counted up to `most`: beyond it the
-- number is of no use. Index: conversation_listed, delivery_standing.
SELECT s.state, (SELECT count(*) FROM (
           SELECT 1 FROM conversation c
            WHERE c.organisation_id = :organisation AND c.channel_id = ANY(:channels::uuid[])
              AND c.state = s.state
            LIMIT :most) counted) AS many
  FROM unnest(ARRAY['ai', 'waiting', 'human']) s(state)
UNION ALL
SELECT 'under way', count(*) FROM (
    SELECT 1 FROM delivery d
     WHERE d.organisation_id = :organisation AND d.state IN ('owed', 'sending', 'unknown')
     LIMIT :most) counted;

-- name: needs(organisation, window, most)
-- role: web
-- What failed for good and nobody has decided on, the newest first; what belongs to a resolved
-- conversation is decided. `is_cut`: there are older failures than were looked through; a row
-- without an id says that alone. `untold`: notes to agents that are not written yet.
-- Index: conversation_parked, delivery_failed, link_refused, link_owed.
WITH n AS MATERIALIZED (
    (SELECT 'conversation' AS kind, id, id AS conversation_id, parked_reason AS reason,
            parked_at AS since, 0 AS attempts
       FROM conversation
      WHERE organisation_id = :organisation AND parked_at IS NOT NULL
      ORDER BY parked_at DESC LIMIT :window)
    UNION ALL
    (SELECT 'delivery', id, conversation_id, reason, settled_at, attempts FROM delivery
      WHERE organisation_id = :organisation AND state = 'failed'
      ORDER BY settled_at DESC LIMIT :window)
    UNION ALL
    (SELECT 'activity', message_id, conversation_id, refusal, refused_at, 0 FROM link
      WHERE organisation_id = :organisation AND refused_at IS NOT NULL
      ORDER BY refused_at DESC LIMIT :window)
), found AS (
    SELECT n.*, c.contact_id, c.channel_id, c.address, c.case_number
      FROM n
      JOIN conversation c ON c.organisation_id = :organisation AND c.id = n.conversation_id
     WHERE c.state <> 'resolved' OR n.kind = 'conversation'
     ORDER BY n.since DESC, n.id
     LIMIT :most
)
SELECT w.is_cut,
       ARRAY(SELECT l.message_id FROM link l
              WHERE l.organisation_id = :organisation AND l.conversation_id = f.conversation_id
                AND l.linked_at IS NULL AND f.kind = 'delivery') AS untold,
       f.kind, f.id, f.conversation_id, f.reason, f.since, f.attempts, p.name, p.email, p.phone,
       f.address, f.case_number, h.kind AS channel_kind, h.name AS channel_name
  FROM (SELECT count(*) FILTER (WHERE kind = 'delivery') = :window
            OR count(*) FILTER (WHERE kind = 'activity') = :window AS is_cut FROM n) w
  LEFT JOIN found f ON true
  LEFT JOIN contact p ON p.organisation_id = :organisation AND p.id = f.contact_id
  LEFT JOIN channel h ON h.organisation_id = :organisation AND h.id = f.channel_id
 ORDER BY f.since DESC, f.id;

-- name: token(organisation, channels)
-- role: web
-- Differs when the list may: something was said, a state changed, a reply went out, arrived, was
-- read or is in doubt, something failed or was mended.
-- Index: conversation_listed, conversation_parked, delivery_went_out, delivery_standing, link_refused.
SELECT md5(concat_ws('/',
    (SELECT string_agg(concat_ws('.', f.id, f.state, f.said_at), ' ' ORDER BY f.said_at, f.id)
       FROM unnest(:channels::uuid[]) h(channel)
      CROSS JOIN unnest(ARRAY['ai', 'waiting', 'human', 'resolved']) s(state)
      CROSS JOIN LATERAL (
            SELECT c.id, c.state, c.said_at FROM conversation c
             WHERE c.organisation_id = :organisation AND c.channel_id = h.channel
               AND c.state = s.state
             ORDER BY c.said_at DESC, c.id DESC LIMIT 3) f),
    (SELECT string_agg(concat_ws('.', f.id, f.state, f.settled_at), ' ' ORDER BY f.settled_at, f.id)
       FROM unnest(:channels::uuid[]) h(channel)
      CROSS JOIN LATERAL (
            SELECT d.id, d.state, d.settled_at FROM delivery d
             WHERE d.organisation_id = :organisation AND d.channel_id = h.channel
               AND d.state IN ('sent', 'delivered', 'read')
             ORDER BY d.settled_at DESC LIMIT 5) f),
    (SELECT max(owed_at) FROM delivery
      WHERE organisation_id = :organisation AND state = 'unknown'),
    (SELECT max(parked_at) FROM conversation
      WHERE organisation_id = :organisation AND parked_at IS NOT NULL),
    (SELECT max(settled_at) FROM delivery
      WHERE organisation_id = :organisation AND state = 'failed'),
    (SELECT max(refused_at) FROM link
      WHERE organisation_id = :organisation AND refused_at IS NOT NULL)));
