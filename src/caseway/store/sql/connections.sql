-- Creatio instances as they are configured. A removed one stays: its conversations name it.

-- name: organisation_named(name)
-- The organisation of this name.
SELECT id FROM organisation WHERE name = :name;

-- name: make_organisation(id, name)
-- The first use of a name makes its organisation; no row: somebody else just did.
-- role: owner
INSERT INTO organisation (id, name) VALUES (:id, :name) ON CONFLICT (name) DO NOTHING;

-- name: insert(organisation, id, name, base_url, identity_url, platform, auth, login, secret, settings)
-- role: both
-- A new one; no row: one of this name exists. Index: connection_name.
INSERT INTO connection (organisation_id, id, name, base_url, identity_url, platform, auth, login,
                        secret, settings)
VALUES (:organisation, :id, :name, :base_url, :identity_url, :platform, :auth, :login,
        :secret, :settings)
ON CONFLICT (organisation_id, name) WHERE removed_at IS NULL DO NOTHING
RETURNING organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
          version;

-- name: lock_named(organisation, name)
-- role: both
-- The one of this name, held until the transaction ends. Index: connection_name.
SELECT organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
       version
  FROM connection
 WHERE organisation_id = :organisation AND name = :name AND removed_at IS NULL
   FOR NO KEY UPDATE;

-- name: lock(organisation, id)
-- role: both
-- One of them, held until the transaction ends.
SELECT organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
       version
  FROM connection
 WHERE organisation_id = :organisation AND id = :id AND removed_at IS NULL
   FOR NO KEY UPDATE;

-- name: change(organisation, id, base_url, identity_url, platform, auth, login, secret, settings)
-- role: both
-- Under the lock. Settings that only a newer release knows stay as they are.
UPDATE connection
   SET base_url = :base_url, identity_url = :identity_url, platform = :platform, auth = :auth,
       login = :login, secret = :secret, settings = settings || :settings, version = version + 1
 WHERE organisation_id = :organisation AND id = :id
RETURNING version;

-- name: named(organisation, name)
-- role: both
-- The one of this name. Index: connection_name.
SELECT organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
       version
  FROM connection
 WHERE organisation_id = :organisation AND name = :name AND removed_at IS NULL;

-- name: one(organisation, id)
-- For the running work.
SELECT organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
       version
  FROM connection
 WHERE organisation_id = :organisation AND id = :id AND removed_at IS NULL;

-- name: every()
-- Of all organisations: whom the sweep asks.
SELECT organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
       version
  FROM connection
 WHERE removed_at IS NULL
 ORDER BY organisation_id, id;

-- name: list(organisation)
-- role: both
-- For people, with how each fares.
SELECT organisation_id, id, name, base_url, identity_url, platform, auth, login, secret, settings,
       version, trouble, trouble_since, last_success_at
  FROM connection
 WHERE organisation_id = :organisation AND removed_at IS NULL
 ORDER BY name;

-- name: remove(organisation, id)
-- role: both
-- Under the lock. Its tokens end with it.
WITH revoked AS (
    UPDATE webhook_token SET revoked_at = now()
     WHERE organisation_id = :organisation AND connection_id = :id AND revoked_at IS NULL
    RETURNING public_name
), removed AS (
    UPDATE connection SET removed_at = now(), version = version + 1
     WHERE organisation_id = :organisation AND id = :id
)
SELECT public_name FROM revoked;

-- name: note_trouble(organisation, id, trouble)
-- role: both
-- What keeps it from working, in words, and since when; the same trouble again writes nothing.
UPDATE connection
   SET trouble = :trouble, trouble_since = coalesce(trouble_since, now())
 WHERE organisation_id = :organisation AND id = :id AND trouble IS DISTINCT FROM :trouble;

-- name: note_success(organisation, id, at, platform)
-- role: both
-- It answered: whatever troubled it is over. Null: its platform was not asked for.
UPDATE connection
   SET trouble = NULL, trouble_since = NULL,
       found_platform = coalesce(:platform, found_platform),
       last_success_at = greatest(last_success_at, :at)
 WHERE organisation_id = :organisation AND id = :id;

-- name: secrets()
-- Everything encrypted in this table, for the rotation of keys; removed ones as well.
SELECT organisation_id AS organisation, id, secret FROM connection
 ORDER BY organisation_id, id FOR NO KEY UPDATE;

-- name: rewrite(organisation, id, secret)
-- The same secret under another key.
UPDATE connection SET secret = :secret WHERE organisation_id = :organisation AND id = :id;
