-- Limits that hold across processes: windows that begin with their first use.

-- name: take(organisation, subject, window)
-- role: web
-- Counts one, in a new window if the last is over. Index: rate_window_pkey.
INSERT INTO rate_window (organisation_id, subject, begun_at, used)
VALUES (:organisation, :subject, now(), 1)
ON CONFLICT (organisation_id, subject) DO UPDATE
   SET begun_at = CASE WHEN rate_window.begun_at <= now() - :window::interval
                       THEN now() ELSE rate_window.begun_at END,
       used = CASE WHEN rate_window.begun_at <= now() - :window::interval
                   THEN 1 ELSE rate_window.used + 1 END
RETURNING used, begun_at + :window::interval - now() AS left;
