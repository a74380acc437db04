-- The audit log as people read it.

-- name: newest(organisation, most)
-- role: web
-- The latest first. Index: audit_entry_newest.
SELECT id, at, actor, action, subject, source, before, after FROM audit_entry
 WHERE organisation_id = :organisation
 ORDER BY at DESC, id DESC LIMIT :most;

-- name: older(organisation, most, at, id)
-- role: web
-- What came before an entry, the latest first. Index: audit_entry_newest.
SELECT id, at, actor, action, subject, source, before, after FROM audit_entry
 WHERE organisation_id = :organisation AND (at, id) < (:at, :id)
 ORDER BY at DESC, id DESC LIMIT :most;
