-- API keys. Only a digest is kept: a key is shown once.

-- name: insert(organisation, id, name, public_name, digest, scopes)
-- role: both
-- A new one; no row: a key of this name is in use. Index: api_key_name.
INSERT INTO api_key (organisation_id, id, name, public_name, digest, scopes)
VALUES (:organisation, :id, :name, :public_name, :digest, :scopes)
ON CONFLICT (organisation_id, name) WHERE revoked_at IS NULL DO NOTHING
RETURNING id;

-- name: list(organisation)
-- role: both
-- For people, the newest first; revoked ones are still named.
SELECT id, name, public_name, scopes, created_at, revoked_at, last_used_at, last_used_from
  FROM api_key
 WHERE organisation_id = :organisation ORDER BY created_at DESC, id;

-- name: revoke(organisation, name)
-- role: both
-- By its name or its public name, at once; no row: there is none in use.
UPDATE api_key SET revoked_at = now()
 WHERE organisation_id = :organisation AND revoked_at IS NULL AND :name IN (name, public_name)
RETURNING id, name, public_name;

-- name: find(public_name)
-- The key that a caller shows, whoever's it is. Index: api_key_public_name_key.
-- role: both
SELECT organisation_id, id, digest, scopes FROM find_api_key(:public_name);

-- name: note_use(organisation, id, source)
-- When it was used last, and from where: for people, who ask which keys are still needed.
-- role: both
UPDATE api_key SET last_used_at = now(), last_used_from = :source
 WHERE organisation_id = :organisation AND id = :id;
