-- Importing replies: T2 of docs/explanation/protocol.md, the usual way and the long way.

-- name: stand(organisation, conversation, connection, activities)
-- The row, what is known of the activities just read, and whether replies are still owed. No lock:
-- what is decided on it is kept by compare-and-set. Index: link_pkey, delivery_unsettled.
SELECT c.*,
       ARRAY(SELECT l.activity_id FROM link l
              WHERE l.organisation_id = :organisation AND l.connection_id = :connection
                AND l.activity_id = ANY(:activities::uuid[]) AND l.linked_at IS NOT NULL) AS linked,
       ARRAY(SELECT l.activity_id FROM link l
              WHERE l.organisation_id = :organisation AND l.connection_id = :connection
                AND l.activity_id = ANY(:activities::uuid[]) AND l.linked_at IS NULL) AS planned,
       EXISTS (SELECT 1 FROM delivery d
                WHERE d.organisation_id = c.organisation_id AND d.conversation_id = c.id
                  AND d.state IN ('owed', 'sending', 'unknown')) AS owes_replies
  FROM conversation c
 WHERE c.organisation_id = :organisation AND c.id = :conversation AND c.lease_until IS NOT NULL;

-- name: import_usual(organisation, connection, conversation, channel, peer, address, ordinal, messages, activities, deliveries, authors, texts, positions, created_on, epoch, seen_position, seen_state, patience, state, last_position, agreed_status, last_open_status, covered_through, read_through, case_number)
-- T2 and T4a in one: fenced, and compare-and-set on what the decision was made on. The first
-- reply is noted as being sent before anything leaves.
WITH mine AS MATERIALIZED (
    SELECT 1 FROM conversation
     WHERE organisation_id = :organisation AND id = :conversation AND lease_epoch = :epoch
       AND lease_until IS NOT NULL AND last_position = :seen_position AND state = :seen_state
       FOR NO KEY UPDATE
), new AS MATERIALIZED (
    SELECT n.* FROM mine,
           unnest(:messages::uuid[], :activities::uuid[], :deliveries::uuid[], :authors::text[],
                  :texts::text[], :positions::bigint[], :created_on::timestamptz[])
           WITH ORDINALITY
           AS n(message, activity, delivery, author_name, words, position, created_on, ord)
), messages AS (
    INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author,
                         author_name, kind, text, position, written_at)
    SELECT :organisation, message, :conversation, :channel, :peer, 'agent', author_name, 'text',
           words, position, created_on
      FROM new
), links AS (
    INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id,
                      ordinal, origin, created_on, linked_at)
    SELECT :organisation, :connection, activity, message, :conversation, :ordinal, 'theirs',
           created_on, now()
      FROM new
), debts AS (
    INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address,
                          state, order_on, order_id, not_before, attempts)
    SELECT :organisation, delivery, :conversation, :channel, message, :address,
           CASE WHEN ord = 1 THEN 'sending' ELSE 'owed' END, created_on, activity,
           CASE WHEN ord = 1 THEN now() + :patience::interval ELSE now() END,
           CASE WHEN ord = 1 THEN 1 ELSE 0 END
      FROM new
), tries AS (
    INSERT INTO attempt (organisation_id, delivery_id, number)
    SELECT :organisation, delivery, 1 FROM new WHERE ord = 1
)
UPDATE conversation
   SET state = :state, agent_replied = true, last_position = :last_position, said_at = now(),
       state_since = CASE WHEN state = :state THEN state_since ELSE now() END,
       agreed_status = :agreed_status, last_open_status = :last_open_status,
       covered_through = :covered_through, read_through = :read_through,
       case_number = :case_number, hints_taken = 0
 WHERE organisation_id = :organisation AND id = :conversation AND EXISTS (SELECT 1 FROM mine)
RETURNING 1;

-- name: import_replies(organisation, connection, conversation, channel, peer, address, ordinal, messages, activities, deliveries, authors, texts, positions, created_on, kinds, by)
-- A reply enters once: message, link and debt in one statement. Our own closing line has no link,
-- and goes after all that is owed already. Index: delivery_unsettled.
WITH new AS (
    SELECT * FROM unnest(:messages::uuid[], :activities::uuid[], :deliveries::uuid[],
                         :authors::text[], :texts::text[], :positions::bigint[],
                         :created_on::timestamptz[], :kinds::text[], :by::text[])
        AS n(message, activity, delivery, author_name, words, position, created_on, kind, author)
), messages AS (
    INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author,
                         author_name, kind, text, position, written_at)
    SELECT :organisation, n.message, :conversation, :channel, :peer, n.author, n.author_name,
           n.kind, n.words, n.position, n.created_on
      FROM new n
), links AS (
    INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id,
                      ordinal, origin, created_on, linked_at)
    SELECT :organisation, :connection, n.activity, n.message, :conversation, :ordinal, 'theirs',
           n.created_on, now()
      FROM new n WHERE n.kind = 'text'
)
INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address, state,
                      order_on, order_id, not_before)
SELECT :organisation, n.delivery, :conversation, :channel, n.message, :address, 'owed',
       CASE WHEN n.kind = 'closing' THEN greatest(n.created_on, (
                SELECT max(d.order_on) + interval '1 microsecond' FROM delivery d
                 WHERE d.organisation_id = :organisation AND d.conversation_id = :conversation
                   AND d.state IN ('owed', 'sending', 'unknown')))
            ELSE n.created_on END, n.activity, now()
  FROM new n;
