-- T2, the long way: what a look decided, kept under the row's lock.

-- name: known(organisation, connection, activities)
-- Which of these activities stand in our links, planned or proven.
SELECT activity_id, linked_at IS NOT NULL AS linked FROM link
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND activity_id = ANY(:activities);

-- name: one_linked(organisation, conversation, ordinal)
-- An activity that the conversation's case must show. Index: link_message_ordinal by its message.
SELECT l.activity_id FROM message m
  JOIN link l ON l.organisation_id = m.organisation_id AND l.message_id = m.id
 WHERE m.organisation_id = :organisation AND m.conversation_id = :conversation
   AND l.ordinal = :ordinal AND l.linked_at IS NOT NULL
 LIMIT 1;

-- name: superseded(organisation, conversation)
-- Whether the peer has another conversation open. Index: conversation_open (unique, partial).
SELECT EXISTS (
    SELECT 1 FROM conversation c
      JOIN conversation o ON o.organisation_id = c.organisation_id
       AND o.channel_id = c.channel_id AND o.peer = c.peer AND o.id <> c.id
     WHERE c.organisation_id = :organisation AND c.id = :conversation AND o.state <> 'resolved');

-- name: prove(organisation, connection, activities, created_on)
-- Echoes and creates: the planned id exists over there.
UPDATE link SET linked_at = now(), created_on = coalesce(link.created_on, p.created_on)
  FROM unnest(:activities::uuid[], :created_on::timestamptz[]) AS p(activity, created_on)
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND activity_id = p.activity AND linked_at IS NULL;

-- name: write_conversation(organisation, conversation, state, case_id, case_ordinal, case_number, agreed, agreed_status, last_open_status, held_status, reopened_status, left_open, agent_replied, reopenings, claim, last_position, linked_through, covered_through, read_through, hints_taken)
-- T2: what a look decided. A claim that came after the run began is left alone.
UPDATE conversation
   SET state = :state,
       state_since = CASE WHEN state = :state THEN state_since ELSE now() END,
       said_at = CASE WHEN last_position = :last_position THEN said_at ELSE now() END,
       resolved_at = CASE WHEN :state = 'resolved' THEN coalesce(resolved_at, now()) END,
       case_id = :case_id, case_ordinal = :case_ordinal, case_number = :case_number,
       agreed = :agreed, agreed_status = :agreed_status, last_open_status = :last_open_status,
       held_status = :held_status, reopened_status = :reopened_status, left_open = :left_open,
       agent_replied = :agent_replied, reopenings = :reopenings,
       claim_event = CASE WHEN claim_event = :claim THEN NULL ELSE claim_event END,
       last_position = :last_position, linked_through = :linked_through,
       covered_through = :covered_through, read_through = :read_through,
       hints_taken = :hints_taken
 WHERE organisation_id = :organisation AND id = :conversation;

-- name: judge_event(organisation, event, outcome, reason)
-- What became of the administrator's word.
UPDATE webhook_event SET outcome = :outcome, reason = :reason
 WHERE organisation_id = :organisation AND id = :event;

-- name: give_up_case(organisation, connection, case_id, conversation, ordinal, number)
-- An earlier case stays known: its webhooks and echoes still find the conversation.
INSERT INTO case_link (organisation_id, connection_id, case_id, conversation_id, ordinal, number)
VALUES (:organisation, :connection, :case_id, :conversation, :ordinal, :number)
ON CONFLICT DO NOTHING;

-- name: replan_links(organisation, connection, conversation, messages, activities, ordinal)
-- A new case in the same conversation: the waiting messages get ids that never met the first one's.
INSERT INTO link (organisation_id, connection_id, activity_id, message_id, conversation_id, ordinal, origin)
SELECT :organisation, :connection, n.activity, n.message, :conversation, :ordinal, 'ours'
  FROM unnest(:messages::uuid[], :activities::uuid[]) AS n(message, activity)
ON CONFLICT DO NOTHING;

-- name: messages_after(organisation, conversation, position)
-- What a new case in the same conversation has to hold.
SELECT id FROM message
 WHERE organisation_id = :organisation AND conversation_id = :conversation
   AND position > :position AND author <> 'agent' AND kind <> 'closing'
 ORDER BY position;
