-- Links that work once. Only a digest is kept: a link is shown once.

-- name: insert(organisation, id, public_name, digest, kind, email, role, user, invited_by, lasts)
-- role: web
-- A new one.
INSERT INTO invitation (organisation_id, id, public_name, digest, kind, email, role, user_id,
    invited_by, expires_at)
VALUES (:organisation, :id, :public_name, :digest, :kind, lower(:email), :role, :user,
    :invited_by, now() + :lasts::interval);

-- name: find(public_name)
-- role: web
-- The one that somebody shows, whoever's it is. Index: invitation_public_name_key.
SELECT organisation_id, id, digest FROM find_invitation(:public_name);

-- name: find_to(email)
-- role: web
-- The open one by which an address may join. Index: invitation_to.
SELECT organisation_id, id FROM find_invitation_to(:email);

-- name: one(organisation, id)
-- role: web
-- Also one that was used or is over.
SELECT i.id, i.kind, coalesce(u.email, i.email) AS email, coalesce(u.name, '') AS name, i.role,
       i.user_id, i.invited_by, i.created_at, i.expires_at,
       i.ended_at IS NULL AND i.expires_at > now() AND u.disabled_at IS NULL AS is_open
  FROM invitation i
  LEFT JOIN user_account u ON u.organisation_id = i.organisation_id AND u.id = i.user_id
 WHERE i.organisation_id = :organisation AND i.id = :id;

-- name: list(organisation)
-- role: web
-- The open ones that people made, the newest first. Index: invitation_open.
SELECT i.id, i.kind, coalesce(u.email, i.email) AS email, coalesce(u.name, '') AS name, i.role,
       i.user_id, i.invited_by, i.created_at, i.expires_at, true AS is_open
  FROM invitation i
  LEFT JOIN user_account u ON u.organisation_id = i.organisation_id AND u.id = i.user_id
 WHERE i.organisation_id = :organisation AND i.ended_at IS NULL AND i.expires_at > now()
   AND i.kind <> 'first'
 ORDER BY i.created_at DESC, i.id;

-- name: use(organisation, id)
-- role: web
-- Compare-and-set: no row comes back if it was used, revoked or is over.
UPDATE invitation SET ended_at = now()
 WHERE organisation_id = :organisation AND id = :id AND ended_at IS NULL AND expires_at > now()
RETURNING id;

-- name: end_to(organisation, email)
-- role: web
-- Earlier invitations to an address: the newest link alone works. Index: invitation_open.
UPDATE invitation SET ended_at = now()
 WHERE organisation_id = :organisation AND ended_at IS NULL AND kind = 'join'
   AND email <> '' AND email = lower(:email);

-- name: end_of(organisation, user)
-- role: web
-- Earlier resets of one person. Index: invitation_open.
UPDATE invitation SET ended_at = now()
 WHERE organisation_id = :organisation AND ended_at IS NULL AND user_id = :user;

-- name: end_firsts(organisation)
-- role: web
-- Once there is an owner, no link makes the first. Index: invitation_open.
UPDATE invitation SET ended_at = now()
 WHERE organisation_id = :organisation AND ended_at IS NULL AND kind = 'first';

-- name: has_owner(organisation)
-- role: web
-- Whether somebody can do everything.
SELECT EXISTS (SELECT FROM user_account
    WHERE organisation_id = :organisation AND role = 'owner' AND disabled_at IS NULL);

-- name: first_alone(organisation)
-- role: web
-- Two who make the first owner at once come one after the other. Until the commit.
SELECT pg_advisory_xact_lock(hashtextextended(:organisation::uuid::text, 738166));
