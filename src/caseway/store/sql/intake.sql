-- Keeping what customers write: the message, its planned activity, the mark and the job, in one commit.

-- name: known_message(organisation, channel, peer, provider_id)
-- role: web
-- The dedupe of repeats, by identity and never by content.
SELECT id, conversation_id FROM message
 WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
   AND provider_id = :provider_id AND provider_id <> '';

-- name: open_conversation(organisation, channel, peer)
-- role: web
-- Index: conversation_open (unique, partial).
SELECT * FROM conversation
 WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
   AND state <> 'resolved'
   FOR UPDATE;

-- name: latest_conversation(organisation, channel, peer)
-- role: web
-- The one before: named by the next, or reopened by it. Index: conversation_peer.
SELECT * FROM conversation
 WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
 ORDER BY created_at DESC LIMIT 1
   FOR UPDATE;

-- name: lock_conversation(organisation, conversation)
-- role: web
-- Held until the commit, so that nobody resolves it meanwhile.
SELECT * FROM conversation
 WHERE organisation_id = :organisation AND id = :conversation
   FOR UPDATE;

-- name: begin_conversation(organisation, conversation, connection, channel, peer, address, contact, earlier, state, case_id, wants_case, agreed, agreed_status, last_open_status, case_number)
-- role: web
-- The id of its first case stands in the row before the case exists.
INSERT INTO conversation (organisation_id, id, connection_id, channel_id, peer, address, contact_id,
                          earlier_id, state, case_id, wants_case, agreed, agreed_status,
                          last_open_status, case_number)
VALUES (:organisation, :conversation, :connection, :channel, :peer, :address, :contact, :earlier,
        :state, :case_id, :wants_case, :agreed, :agreed_status, :last_open_status, :case_number);

-- name: hand_over_case(organisation, conversation)
-- role: web
-- A resolved conversation whose case was left open gives it to the next one.
UPDATE conversation SET case_id = NULL, left_open = false
 WHERE organisation_id = :organisation AND id = :conversation AND state = 'resolved';

-- name: keep_case_link(organisation, connection, case_id, conversation, ordinal, number)
-- role: web
-- The case stays known under the conversation that had it.
INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal, number)
VALUES (:organisation, :connection, :case_id, :conversation, :ordinal, :number)
ON CONFLICT DO NOTHING;

-- name: come_back(organisation, conversation, state)
-- role: web
-- The customer came back in time: the conversation is open again, and its case follows. It waits
-- for a person now, so it wants a case even if it had none.
UPDATE conversation SET state = :state, state_since = now(), resolved_at = NULL, wants_case = true
 WHERE organisation_id = :organisation AND id = :conversation AND state = 'resolved';

-- name: keep_message(organisation, connection, message, conversation, channel, peer, author, author_name, kind, text, provider_id, written_at, activity, ordinal, position)
-- role: web
-- The message, the id of the activity it will become, and the conversation's positions.
WITH kept AS (
    INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, author_name,
                         kind, text, position, provider_id, written_at)
    VALUES (:organisation, :message, :conversation, :channel, :peer, :author, :author_name, :kind,
            :text, :position, :provider_id, :written_at)
    RETURNING author
), planned AS (
    INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id,
                      ordinal, origin)
    VALUES (:organisation, :connection, :activity, :message, :conversation, :ordinal, 'ours')
)
UPDATE conversation c
   SET last_position = :position, last_own_position = :position, said_at = now(),
       last_contact_position = CASE WHEN kept.author = 'contact' THEN :position
                                    ELSE c.last_contact_position END
  FROM kept
 WHERE c.organisation_id = :organisation AND c.id = :conversation;

-- name: hand_off(organisation, conversation, state)
-- role: web
-- A person is asked for: from now on a case is wanted.
UPDATE conversation
   SET state = :state, wants_case = true,
       state_since = CASE WHEN state = :state THEN state_since ELSE now() END
 WHERE organisation_id = :organisation AND id = :conversation;

-- name: resolve_here(organisation, conversation, last_position)
-- role: web
-- Our own closure covers all that was kept before it; compare-and-set on what the decider saw.
UPDATE conversation
   SET state = 'resolved', state_since = now(), resolved_at = now(),
       covered_through = last_position
 WHERE organisation_id = :organisation AND id = :conversation AND state <> 'resolved'
   AND last_position = :last_position
RETURNING 1;

-- name: owe_closing(organisation, conversation, message, delivery)
-- role: web
-- The customer is owed the line that tells of the closure, after all that is owed already.
WITH told AS (
    INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, kind, text,
                         position, written_at)
    SELECT c.organisation_id, :message, c.id, c.channel_id, c.peer, 'system', 'closing',
           'This conversation was resolved.', c.last_position + 1, now()
      FROM conversation c
     WHERE c.organisation_id = :organisation AND c.id = :conversation
), owed AS (
    INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id, address,
                          state, order_on, order_id, not_before)
    SELECT c.organisation_id, :delivery, c.id, c.channel_id, :message, c.address, 'owed',
           greatest(now(), (SELECT max(d.order_on) + interval '1 microsecond' FROM delivery d
                             WHERE d.organisation_id = c.organisation_id
                               AND d.conversation_id = c.id
                               AND d.state IN ('owed', 'sending', 'unknown'))),
           :message, now()
      FROM conversation c
     WHERE c.organisation_id = :organisation AND c.id = :conversation
)
UPDATE conversation SET last_position = last_position + 1, said_at = now()
 WHERE organisation_id = :organisation AND id = :conversation;
