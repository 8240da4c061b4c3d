-- What says how a backend is spoken to: as it was accepted, and what differs. Times are the database's own clock's.

-- name: list_accepted
SELECT name, fingerprint, accepted_at, accepted_by, reason FROM description WHERE system = :system ORDER BY name;

-- name: accept
INSERT INTO description (system, name, fingerprint, accepted_at, accepted_by, reason)
SELECT CAST(:system AS text), CAST(:name AS text), CAST(:fingerprint AS text), ms, CAST(:by AS text), CAST(:reason AS text)
FROM clock WHERE true
ON CONFLICT (system, name) DO UPDATE SET fingerprint = excluded.fingerprint, accepted_at = excluded.accepted_at,
  accepted_by = excluded.accepted_by, reason = excluded.reason;

-- name: forget
DELETE FROM description WHERE system = :system AND name = :name;

-- name: tell_differs
INSERT INTO description_differs (system, name, fingerprint, since, seen_at)
SELECT CAST(:system AS text), CAST(:name AS text), CAST(:fingerprint AS text), ms, ms FROM clock WHERE true
ON CONFLICT (system, name, fingerprint) DO UPDATE SET seen_at = excluded.seen_at;

-- name: forget_differs
DELETE FROM description_differs WHERE system = :system AND name = :name AND fingerprint = :fingerprint;

-- name: forget_all_differs
DELETE FROM description_differs WHERE system = :system;

-- name: list_differs
-- What no process has seen for a while is over: the process that saw it has ended, or its files are as they were.
SELECT system, name, fingerprint, since FROM description_differs
WHERE seen_at > (SELECT ms FROM clock) - :lately_ms ORDER BY system, name, since;
