-- How a conversation stands, for whoever asks why: read only, no lease taken.

-- name: conversation(organisation, conversation)
-- role: both
-- The whole row.
SELECT * FROM conversation WHERE organisation_id = :organisation AND id = :conversation;

-- name: by_case(organisation, case_number)
-- role: both
-- The conversation of a case, by the number that people read in Creatio.
-- Index: conversation_number.
SELECT organisation_id, id FROM conversation
 WHERE organisation_id = :organisation AND case_number COLLATE "C" = :case_number
   AND case_number <> ''
 ORDER BY created_at DESC LIMIT 1;

-- name: last_runs(organisation, conversation, limit)
-- role: both
-- The journal, newest first. Index: run_conversation.
SELECT id, conversation_id, begun_at, ended_at, steps FROM run
 WHERE organisation_id = :organisation AND conversation_id = :conversation
 ORDER BY begun_at DESC LIMIT :limit;
