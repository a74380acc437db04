-- Who writes: a peer of a channel, and the contact behind it.

-- name: lock_peer(organisation, channel, peer)
-- role: web
-- Two quick messages of one peer are kept one after the other.
SELECT contact_id FROM peer
 WHERE organisation_id = :organisation AND channel_id = :channel AND peer = :peer
   FOR UPDATE;

-- name: new_peer(organisation, channel, peer, contact)
-- role: web
-- Whoever loses the race finds the winner.
INSERT INTO peer (organisation_id, channel_id, peer, contact_id)
VALUES (:organisation, :channel, :peer, :contact)
ON CONFLICT (organisation_id, channel_id, peer) DO NOTHING
RETURNING contact_id;

-- name: find_contact(organisation, email, phone)
-- role: web
-- A verified address is somebody we know: by email, then by phone. Index: contact_email, contact_phone.
SELECT id FROM (
    SELECT id, 1 AS rank, created_at FROM contact
     WHERE organisation_id = :organisation AND verified
       AND email_key = lower(:email) AND email_key <> ''
    UNION ALL
    SELECT id, 2, created_at FROM contact
     WHERE organisation_id = :organisation AND verified
       AND phone COLLATE "C" = :phone AND phone <> '') found
 ORDER BY rank, created_at DESC
 LIMIT 1;

-- name: new_contact(organisation, contact, name, email, phone, verified, name_key, words)
-- role: web
-- A person seen for the first time.
WITH made AS (
    INSERT INTO contact (organisation_id, id, name, email, phone, verified, name_key)
    VALUES (:organisation, :contact, :name, :email, :phone, :verified, :name_key)
    RETURNING id
)
INSERT INTO contact_word (organisation_id, word, contact_id)
SELECT :organisation, w.word, made.id FROM made, unnest(:words::text[]) w(word);

-- name: enrich_contact(organisation, contact, name, email, phone, name_key, words)
-- role: web
-- What a verified peer says of itself fills what was empty; it never overwrites.
WITH changed AS (
UPDATE contact
   SET name = CASE WHEN name = '' THEN :name ELSE name END,
       name_key = CASE WHEN name = '' THEN :name_key ELSE name_key END,
       email = CASE WHEN email = '' THEN :email ELSE email END,
       phone = CASE WHEN phone = '' THEN :phone ELSE phone END
 WHERE organisation_id = :organisation AND id = :contact
   AND ((name = '' AND :name <> '') OR (email = '' AND :email <> '') OR (phone = '' AND :phone <> ''))
RETURNING id, name
)
INSERT INTO contact_word (organisation_id, word, contact_id)
SELECT :organisation, w.word, changed.id FROM changed, unnest(:words::text[]) w(word)
 WHERE changed.name = :name
ON CONFLICT DO NOTHING;
