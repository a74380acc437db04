-- People who sign in. Only the web's role may read them.

-- name: known(email)
-- role: web
-- Who has this address, whoever's they are. Index: user_account_email.
SELECT organisation_id, id, name, role, password FROM find_user(:email);

-- name: of_id(organisation, id)
-- role: web
-- One who may sign in. Index: user_account_pkey.
SELECT organisation_id, id, name, role, password FROM user_account
 WHERE organisation_id = :organisation AND id = :id AND disabled_at IS NULL;

-- name: is_taken(organisation, email)
-- role: web
-- Whether somebody has this address: here, also if disabled, or in another organisation.
SELECT EXISTS (SELECT FROM user_account
                WHERE organisation_id = :organisation AND email = lower(:email))
    OR EXISTS (SELECT FROM find_user(:email));

-- name: insert(organisation, id, email, name, role, password)
-- role: web
-- A new one; no row: the address is somebody's. Index: user_account_email.
INSERT INTO user_account (organisation_id, id, email, name, role, password)
VALUES (:organisation, :id, lower(:email), :name, :role, :password)
ON CONFLICT (email) DO NOTHING
RETURNING id;

-- name: list(organisation)
-- role: web
-- For people, with how many sessions each has that nobody ended.
SELECT u.id, u.email, u.name, u.role, u.password IS NOT NULL AS has_password,
       u.created_at, u.disabled_at, u.last_seen_at,
       (SELECT count(*) FROM user_session s
         WHERE s.organisation_id = u.organisation_id AND s.user_id = u.id
           AND s.expires_at > now()) AS sessions
  FROM user_account u
 WHERE u.organisation_id = :organisation
 ORDER BY u.disabled_at IS NOT NULL, lower(u.name), u.id;

-- name: lock_owners(organisation)
-- role: web
-- Who can do everything, held until the commit: two owners do not unmake each other.
SELECT id FROM user_account
 WHERE organisation_id = :organisation AND role = 'owner' AND disabled_at IS NULL
 ORDER BY id FOR UPDATE;

-- name: lock(organisation, id)
-- role: web
-- One, as they are before a change.
SELECT email, name, role, disabled_at FROM user_account
 WHERE organisation_id = :organisation AND id = :id FOR UPDATE;

-- name: set_role(organisation, id, role)
-- role: web
-- After lock_owners and lock.
UPDATE user_account SET role = :role WHERE organisation_id = :organisation AND id = :id;

-- name: set_disabled(organisation, id, disabled)
-- role: web
-- After lock_owners and lock.
UPDATE user_account SET disabled_at = CASE WHEN :disabled THEN now() END
 WHERE organisation_id = :organisation AND id = :id;

-- name: set_password(organisation, id, password)
-- role: web
-- A new hash.
UPDATE user_account SET password = :password
 WHERE organisation_id = :organisation AND id = :id
RETURNING email;

-- name: set_theme(organisation, id, theme)
-- role: web
-- Light, dark or the system's.
UPDATE user_account SET theme = :theme WHERE organisation_id = :organisation AND id = :id;
