-- What a conversation's rows alone say is owed.

-- name: owed_own(organisation, conversation)
-- role: both
-- Messages of ours without a proven activity, in order. Index: link_owed (partial).
SELECT m.id, l.activity_id, m.position, m.author, m.author_name, m.kind, m.text, m.written_at
  FROM link l
  JOIN message m ON m.organisation_id = l.organisation_id AND m.id = l.message_id
  JOIN conversation c ON c.organisation_id = l.organisation_id AND c.id = l.conversation_id
 WHERE l.organisation_id = :organisation AND l.conversation_id = :conversation
   AND l.linked_at IS NULL AND l.refused_at IS NULL AND l.ordinal = c.case_ordinal
 ORDER BY m.position;

-- name: unsettled(organisation, conversation)
-- role: both
-- Owed, sending and unknown deliveries. Index: delivery_unsettled (partial).
SELECT d.id, d.message_id, m.kind, d.state, m.author, m.author_name, m.text, m.written_at,
       d.address, d.order_on, d.order_id, d.owed_at, d.not_before, d.attempts, d.possible_double
  FROM delivery d
  JOIN message m ON m.organisation_id = d.organisation_id AND m.id = d.message_id
 WHERE d.organisation_id = :organisation AND d.conversation_id = :conversation
   AND d.state IN ('owed', 'sending', 'unknown')
 ORDER BY d.order_on, d.order_id;

-- name: handed_over(organisation, conversation, ordinal)
-- The case that the peer's next conversation took over: what this one still owes goes there.
SELECT case_id FROM case_link
 WHERE organisation_id = :organisation AND conversation_id = :conversation AND ordinal = :ordinal;

-- name: remote_contact(organisation, connection, contact)
-- role: both
-- The id under which the contact stands in Creatio.
SELECT remote_id FROM contact_link
 WHERE organisation_id = :organisation AND connection_id = :connection AND contact_id = :contact;
