-- How a conversation stands, for whoever asks why: read only, no lease taken.

-- name: conversation(organisation, conversation)
-- The whole row.
SELECT * FROM conversation WHERE organisation_id = :organisation AND id = :conversation;

-- name: by_case(organisation, case_number)
-- The conversation of a case, by the number that people read in Creatio.
SELECT organisation_id, id FROM conversation
 WHERE organisation_id = :organisation AND case_number = :case_number
 ORDER BY created_at DESC LIMIT 1;

-- name: last_runs(organisation, conversation, limit)
-- The journal, newest first. Index: run_conversation.
SELECT begun_at, ended_at, steps FROM run
 WHERE organisation_id = :organisation AND conversation_id = :conversation
 ORDER BY begun_at DESC LIMIT :limit;
