-- Who is signed in. A session that ended is deleted; the audit log remembers it.

-- name: insert(organisation, id, user, public_name, digest, source, agent, lasts)
-- role: web
-- A new one; whoever begins it is here now.
WITH person AS (
    UPDATE user_account SET last_seen_at = now()
     WHERE organisation_id = :organisation AND id = :user
)
INSERT INTO user_session
    (organisation_id, id, user_id, public_name, digest, source, agent, expires_at)
VALUES (:organisation, :id, :user, :public_name, :digest, :source, :agent,
        now() + :lasts::interval);

-- name: find(public_name)
-- role: web
-- The one that a browser shows, whose it is, and by which clock they read. Index:
-- user_session_public_name_key.
SELECT organisation_id, id, digest, last_seen_at, expires_at, user_id, email, name, role, theme,
       time_zone
  FROM find_user_session(:public_name);

-- name: note_seen(organisation, id, user)
-- role: web
-- For the idle limit, and for people.
WITH person AS (
    UPDATE user_account SET last_seen_at = now()
     WHERE organisation_id = :organisation AND id = :user
)
UPDATE user_session SET last_seen_at = now() WHERE organisation_id = :organisation AND id = :id;

-- name: list(organisation, user, idle)
-- role: web
-- One person's that hold, the one used last first. Index: user_session_user.
SELECT id, source, agent, created_at, last_seen_at FROM user_session
 WHERE organisation_id = :organisation AND user_id = :user
   AND expires_at > now() AND last_seen_at > now() - :idle::interval
 ORDER BY last_seen_at DESC, id;

-- name: forget_old(organisation, user, idle)
-- role: web
-- One person's that are over anyway. Index: user_session_user.
DELETE FROM user_session
 WHERE organisation_id = :organisation AND user_id = :user
   AND (expires_at <= now() OR last_seen_at <= now() - :idle::interval);

-- name: end(organisation, user, id)
-- role: web
-- One of one person's; no row: there is none.
DELETE FROM user_session
 WHERE organisation_id = :organisation AND user_id = :user AND id = :id
RETURNING public_name, (SELECT email FROM user_account u
    WHERE u.organisation_id = user_session.organisation_id AND u.id = user_session.user_id) AS email;

-- name: end_all(organisation, user, but)
-- role: web
-- All of one person's, or all but one. Index: user_session_user.
DELETE FROM user_session
 WHERE organisation_id = :organisation AND user_id = :user AND id IS DISTINCT FROM :but
RETURNING id;
