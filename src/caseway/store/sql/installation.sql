-- Which secret key this database was written with.

-- name: claim(fingerprint)
-- The first start names its key; later ones leave it.
-- role: owner
INSERT INTO installation (key_fingerprint) VALUES (:fingerprint) ON CONFLICT DO NOTHING;

-- name: fingerprint()
-- Of the key that everything in here can be read with.
SELECT key_fingerprint FROM installation;

-- name: name_key(fingerprint)
-- After every secret was rewritten.
-- role: owner
UPDATE installation SET key_fingerprint = :fingerprint;
