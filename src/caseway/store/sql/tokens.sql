-- Tokens of the webhook's address. The token is kept encrypted: the address is shown again.

-- name: insert(organisation, id, connection, public_name, digest, secret)
-- role: both
-- A new one. Two public names are alike once in 10 ** 12: an error then, and nothing was changed.
INSERT INTO webhook_token (organisation_id, id, connection_id, public_name, digest, secret)
VALUES (:organisation, :id, :connection, :public_name, :digest, :secret);

-- name: current(organisation, connection)
-- role: both
-- The token in use: neither replaced nor revoked. Index: webhook_token_connection.
SELECT id, public_name, secret FROM webhook_token
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND revoked_at IS NULL AND expires_at IS NULL
 ORDER BY created_at DESC, id LIMIT 1;

-- name: replace(organisation, connection, successor, grace)
-- role: both
-- Those in use before the successor end with the grace period, or at once without one.
UPDATE webhook_token
   SET expires_at = CASE WHEN :grace::interval > interval '0' THEN now() + :grace ELSE expires_at END,
       revoked_at = CASE WHEN :grace > interval '0' THEN NULL ELSE now() END
 WHERE organisation_id = :organisation AND connection_id = :connection AND id <> :successor
   AND revoked_at IS NULL
   AND (expires_at IS NULL OR (expires_at > now() AND :grace <= interval '0'))
RETURNING public_name;

-- name: revoke(organisation, public_name)
-- role: both
-- At once. No row: there is none of this name in use.
UPDATE webhook_token SET revoked_at = now()
 WHERE organisation_id = :organisation AND public_name = :public_name AND revoked_at IS NULL
RETURNING id, connection_id;

-- name: list(organisation)
-- role: both
-- For people, the newest first.
SELECT t.public_name, t.connection_id, c.name AS connection_name, t.created_at, t.expires_at,
       t.revoked_at, t.last_used_at
  FROM webhook_token t
  JOIN connection c ON c.organisation_id = t.organisation_id AND c.id = t.connection_id
 WHERE t.organisation_id = :organisation
 ORDER BY t.created_at DESC, t.id;

-- name: find(public_name)
-- The token that a caller shows, whoever's it is. Index: webhook_token_public_name_key.
SELECT organisation_id, connection_id, id, public_name, digest, expires_at, revoked_at
  FROM webhook_token
 WHERE public_name = :public_name;

-- name: secrets()
-- Everything encrypted in this table, for the rotation of keys.
SELECT organisation_id AS organisation, id, secret FROM webhook_token
 ORDER BY organisation_id, id FOR NO KEY UPDATE;

-- name: rewrite(organisation, id, secret)
-- The same secret under another key.
UPDATE webhook_token SET secret = :secret WHERE organisation_id = :organisation AND id = :id;
