-- The mark: the time at which the next look at a conversation is due. See docs/explanation/protocol.md.

-- name: mark(organisation, conversation, hints)
-- The trigger: brings the next look forward; `fresh` says that it wants a job.
-- role: both
WITH was AS MATERIALIZED (
    SELECT due_at, parked_at FROM conversation
     WHERE organisation_id = :organisation AND id = :conversation
       FOR UPDATE
)
UPDATE conversation c
   SET due_at = least(c.due_at, now()), hints = c.hints | :hints
  FROM was
 WHERE c.organisation_id = :organisation AND c.id = :conversation
RETURNING (was.due_at IS NULL OR was.due_at > now()) AND was.parked_at IS NULL AS fresh;
