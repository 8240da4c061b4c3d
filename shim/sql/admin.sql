-- Links to the operations page and its sessions, by the database's clock.

-- name: insert_link
INSERT INTO admin_link (sha256, actor, made_by, made_at, expires_at)
SELECT CAST(:sha256 AS text), CAST(:actor AS text), CAST(:made_by AS text), ms, ms + :link_ms FROM clock
RETURNING expires_at;

-- name: is_link
-- Before the commit that uses it up: a guess costs no write.
SELECT 1 FROM admin_link WHERE sha256 = :sha256 AND used_at IS NULL AND expires_at > (SELECT ms FROM clock);

-- name: use_link
-- Of any number of processes at once, one gets the row.
UPDATE admin_link SET used_at = (SELECT ms FROM clock)
WHERE sha256 = :sha256 AND used_at IS NULL AND expires_at > (SELECT ms FROM clock)
RETURNING actor, made_by;

-- name: insert_session
INSERT INTO admin_session (sha256, id, actor, made_by, since, expires_at)
SELECT CAST(:sha256 AS text), CAST(:id AS text), CAST(:actor AS text), CAST(:made_by AS text), ms, ms + :session_ms
FROM clock
RETURNING expires_at;

-- name: select_session
SELECT id, actor, expires_at FROM admin_session
WHERE sha256 = :sha256 AND expires_at > (SELECT ms FROM clock);

-- name: list_sessions
SELECT id, actor, made_by, since, expires_at FROM admin_session
WHERE expires_at > (SELECT ms FROM clock)
ORDER BY since, id;

-- name: end_session
DELETE FROM admin_session WHERE sha256 = :sha256;

-- name: end_sessions
-- One by its id, all of somebody, or all.
DELETE FROM admin_session
WHERE (CAST(:who AS text) IS NULL OR actor = :who OR id = :who) AND expires_at > (SELECT ms FROM clock);

-- name: end_links
DELETE FROM admin_link
WHERE (CAST(:who AS text) IS NULL OR actor = :who) AND used_at IS NULL AND expires_at > (SELECT ms FROM clock);

-- name: forget_links
DELETE FROM admin_link WHERE expires_at <= (SELECT ms FROM clock);

-- name: forget_sessions
DELETE FROM admin_session WHERE expires_at <= (SELECT ms FROM clock);
