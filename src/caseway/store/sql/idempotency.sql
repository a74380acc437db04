-- Idempotency keys: reserved before the effect, completed after it. Status 0 is a reservation.

-- name: reserve(organisation, key, route, fingerprint)
-- role: web
-- A row comes back only for whoever is first. Index: idempotency_pkey.
INSERT INTO idempotency (organisation_id, key, route, fingerprint, status, answer)
VALUES (:organisation, :key, :route, :fingerprint, 0, '')
ON CONFLICT (organisation_id, key) DO NOTHING
RETURNING kept_at;

-- name: known(organisation, key, busy_for)
-- role: web
-- What the first one left; `busy`: it may still be at work.
SELECT route, fingerprint, status, answer, kept_at,
       status = 0 AND kept_at > now() - :busy_for::interval AS busy
  FROM idempotency
 WHERE organisation_id = :organisation AND key = :key;

-- name: complete(organisation, key, status, answer)
-- role: web
-- The first answer stands; no row: there is one already.
UPDATE idempotency SET status = :status, answer = :answer
 WHERE organisation_id = :organisation AND key = :key AND status = 0
RETURNING status;

-- name: release(organisation, key)
-- role: web
-- Nothing came of it.
DELETE FROM idempotency WHERE organisation_id = :organisation AND key = :key AND status = 0;
