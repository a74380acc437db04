-- Channel accounts: one widget, one API client.

-- name: insert(organisation, id, connection, kind, name, settings, secret)
-- role: both
-- A new one; no row: one of this name exists. Index: channel_name.
INSERT INTO channel (organisation_id, id, connection_id, kind, name, settings, secret)
VALUES (:organisation, :id, :connection, :kind, :name, :settings, :secret)
ON CONFLICT (organisation_id, name) WHERE removed_at IS NULL DO NOTHING
RETURNING organisation_id, id, connection_id, kind, name, settings, secret, version,
          former_secrets, former_until;

-- name: lock_named(organisation, name)
-- role: both
-- The one of this name, held until the transaction ends. Index: channel_name.
SELECT organisation_id, id, connection_id, kind, name, settings, secret, version, former_secrets,
       former_until
  FROM channel
 WHERE organisation_id = :organisation AND name = :name AND removed_at IS NULL
   FOR NO KEY UPDATE;

-- name: change(organisation, id, settings, secret, former_secrets, former_until)
-- role: both
-- Under the lock. Settings that only a newer release knows stay as they are.
UPDATE channel
   SET settings = settings || :settings, secret = :secret, former_secrets = :former_secrets,
       former_until = :former_until, version = version + 1
 WHERE organisation_id = :organisation AND id = :id
RETURNING version;

-- name: one(organisation, id)
-- For the running work.
SELECT organisation_id, id, connection_id, kind, name, settings, secret, version, former_secrets,
       former_until
  FROM channel
 WHERE organisation_id = :organisation AND id = :id AND removed_at IS NULL;

-- name: list(organisation)
-- role: both
-- For people.
SELECT h.organisation_id, h.id, h.connection_id, h.kind, h.name, h.settings, h.secret, h.version,
       h.former_secrets, h.former_until, c.name AS connection_name
  FROM channel h
  JOIN connection c ON c.organisation_id = h.organisation_id AND c.id = h.connection_id
 WHERE h.organisation_id = :organisation AND h.removed_at IS NULL
 ORDER BY h.name;

-- name: of_connection(organisation, connection)
-- role: both
-- Which accounts lead to a connection.
SELECT name FROM channel
 WHERE organisation_id = :organisation AND connection_id = :connection AND removed_at IS NULL
 ORDER BY name;

-- name: remove(organisation, id)
-- role: both
-- Under the lock. Nothing is taken in any more; what is owed fails, and the agent is told.
UPDATE channel SET removed_at = now(), version = version + 1
 WHERE organisation_id = :organisation AND id = :id;

-- name: secrets()
-- Everything encrypted in this table, for the rotation of keys; removed ones as well.
SELECT organisation_id AS organisation, id, secret FROM channel
 WHERE secret IS NOT NULL ORDER BY organisation_id, id FOR NO KEY UPDATE;

-- name: rewrite(organisation, id, secret)
-- The same secret under another key.
UPDATE channel SET secret = :secret WHERE organisation_id = :organisation AND id = :id;

-- name: former_secrets()
-- The replaced ones, for the rotation of keys.
SELECT h.organisation_id AS organisation, h.id, former.place, former.secret
  FROM channel h, unnest(h.former_secrets) WITH ORDINALITY AS former (secret, place)
 ORDER BY h.organisation_id, h.id, former.place FOR NO KEY UPDATE OF h;

-- name: rewrite_former(organisation, id, place, secret)
-- The same replaced secret under another key.
UPDATE channel SET former_secrets[:place::int] = :secret WHERE organisation_id = :organisation AND id = :id;
