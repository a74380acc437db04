-- Sign-ins that may have failed. A try is counted before the password is looked at, so that
-- many at once are not more than the limit allows.

-- name: take(subject, free, first_s, longest_s, forget)
-- role: web
-- Counts one; no row: the wait after the earlier ones is not over. Index: sign_in_try_pkey.
INSERT INTO sign_in_try AS known (subject, tries, last_at) VALUES (:subject, 1, now())
ON CONFLICT (subject) DO UPDATE
   SET tries = CASE WHEN known.last_at < now() - :forget::interval THEN 1 ELSE known.tries + 1 END,
       last_at = now()
 WHERE known.tries < :free::int
    OR known.last_at + make_interval(secs => least(
           :first_s::float8 * 2 ^ least(known.tries - :free::int, 20), :longest_s::float8)) <= now()
RETURNING tries;

-- name: left(subject, free, first_s, longest_s)
-- role: web
-- How long the wait still is.
SELECT last_at - now() + make_interval(secs => least(
           :first_s::float8 * 2 ^ least(tries - :free::int, 20), :longest_s::float8)) AS left
  FROM sign_in_try WHERE subject = :subject;

-- name: succeeded(subject)
-- role: web
-- The count of one subject starts anew.
DELETE FROM sign_in_try WHERE subject = :subject;

-- name: give_back(subject)
-- role: web
-- One try that was none: of those who share an address, some only signed in.
UPDATE sign_in_try SET tries = tries - 1 WHERE subject = :subject AND tries > 0;

-- name: forget(older)
-- role: web
-- What no longer counts. Index: sign_in_try_old.
DELETE FROM sign_in_try WHERE last_at < now() - :older::interval;
