-- What the preview of the reply rule asks of our own rows.

-- name: latest(organisation, connection, among, most)
-- role: web
-- Cases of the newest conversations, those that were read last first. Index: conversation_newest.
SELECT n.case_id, n.case_number, n.id, p.name, p.email, h.name AS channel_name, h.kind
  FROM (SELECT c.organisation_id, c.id, c.case_id, c.case_number, c.connection_id, c.channel_id,
               c.contact_id, c.agreed, greatest(c.read_through, c.created_at) AS moved_at
          FROM conversation c
         WHERE c.organisation_id = :organisation
         ORDER BY c.created_at DESC, c.id DESC
         LIMIT :among) n
  JOIN channel h ON h.organisation_id = n.organisation_id AND h.id = n.channel_id
  JOIN contact p ON p.organisation_id = n.organisation_id AND p.id = n.contact_id
 WHERE n.connection_id = :connection AND n.agreed IS NOT NULL AND n.case_id IS NOT NULL
 ORDER BY n.moved_at DESC, n.id
 LIMIT :most;

-- name: standings(organisation, connection, activities)
-- role: web
-- Which activities we know, and whose they are. Index: link's primary key.
SELECT activity_id, origin FROM link
 WHERE organisation_id = :organisation AND connection_id = :connection
   AND activity_id = ANY(:activities);
