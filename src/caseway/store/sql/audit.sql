-- Who changed what; every change of the configuration passes here.

-- name: record(organisation, id, actor, action, subject, source, before, after)
-- role: both
-- Keeps the change, and tells every process that caches what it changed, with the commit.
WITH kept AS (
    INSERT INTO audit_entry (organisation_id, id, actor, action, subject, source, before, after)
    VALUES (:organisation, :id, :actor, :action, :subject, :source, :before, :after)
)
SELECT pg_notify('caseway_settings', :subject);

-- name: newest(organisation, most)
-- role: both
-- The latest changes first. Index: audit_entry_newest.
SELECT at, id, actor, action, subject, source, before, after FROM audit_entry
 WHERE organisation_id = :organisation ORDER BY at DESC, id DESC LIMIT :most;
