-- A person's order to try again: what was refused for good, and what stopped.

-- name: parked(organisation, conversation, limit)
-- role: both
-- Conversations whose sync has stopped, with why. Index: conversation_parked.
SELECT id, parked_at, parked_reason FROM conversation
 WHERE organisation_id = :organisation AND parked_at IS NOT NULL
   AND (:conversation::uuid IS NULL OR id = :conversation)
 ORDER BY parked_at LIMIT :limit;

-- name: failed(organisation, conversation, limit)
-- role: both
-- Replies that the channel refused for good, or that ran out of days. Index: delivery_failed.
SELECT id, conversation_id, reason, attempts, settled_at FROM delivery
 WHERE organisation_id = :organisation AND state = 'failed'
   AND (:conversation::uuid IS NULL OR conversation_id = :conversation)
 ORDER BY settled_at LIMIT :limit;

-- name: refused(organisation, conversation, limit)
-- role: both
-- Activities that Creatio refused. Index: link_refused.
SELECT message_id, conversation_id, refusal, refused_at FROM link
 WHERE organisation_id = :organisation AND refused_at IS NOT NULL
   AND (:conversation::uuid IS NULL OR conversation_id = :conversation)
 ORDER BY refused_at LIMIT :limit;

-- name: lock(organisation, conversation)
-- role: both
-- The conversation before whatever hangs from it: the order in which runs lock.
SELECT 1 FROM conversation
 WHERE organisation_id = :organisation AND id = :conversation
   FOR NO KEY UPDATE;

-- name: unpark(organisation, conversation)
-- role: both
-- The poison count begins anew, and both sides are read. A mark that came while it was parked has
-- no job: it goes, and the trigger that follows sets one with a job.
UPDATE conversation SET parked_at = NULL, parked_reason = NULL, starts = 0, lease_until = NULL,
                        failures = 0, due_at = NULL
 WHERE organisation_id = :organisation AND id = :conversation AND parked_at IS NOT NULL
RETURNING 1;

-- name: owe_again(organisation, conversation, delivery)
-- role: both
-- The same id as before: a channel that recognises repeats delivers it once.
UPDATE delivery SET state = 'owed', not_before = now(), owed_at = now(), settled_at = NULL, reason = ''
 WHERE organisation_id = :organisation AND conversation_id = :conversation AND id = :delivery
   AND state = 'failed'
RETURNING conversation_id;

-- name: plan_again(organisation, conversation, message)
-- role: both
-- The activity's id stays the same: if it exists after all, it is found.
UPDATE link SET refused_at = NULL, refusal = NULL
 WHERE organisation_id = :organisation AND conversation_id = :conversation
   AND message_id = :message AND refused_at IS NOT NULL
RETURNING conversation_id;

-- name: step_back(organisation, conversation, message)
-- role: both
-- A message that is owed its activity again is not linked through.
UPDATE conversation c SET linked_through = least(c.linked_through, m.position - 1)
  FROM message m
 WHERE c.organisation_id = :organisation AND c.id = :conversation
   AND m.organisation_id = :organisation AND m.id = :message;
