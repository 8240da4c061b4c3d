-- What the workers of a destination share: whether it is paused, out of reach, or rising to its pace again.

-- name: select_gate
-- One row, also for a destination that has none yet.
SELECT d.paused_at, COALESCE(d.failures, 0) AS failures, d.open_since, d.probe_at, d.closed_at,
       COALESCE(d.outage_ms, 0) AS outage_ms, COALESCE(d.probes, 0) AS probes,
       (SELECT COUNT(*) FROM entry WHERE destination = :name AND owner IS NOT NULL) AS busy,
       (SELECT MAX(number) FROM migration WHERE package = 'outbox') AS newest
FROM (SELECT 1 AS always) AS one LEFT JOIN destination AS d ON d.name = :name;

-- name: select_failures
SELECT failures FROM destination WHERE name = :name AND failures > 0;

-- name: count_failure
-- One more in a row; a backend that asks to be left alone for a while is not probed before.
INSERT INTO destination (name, failures) VALUES (:name, 1)
ON CONFLICT (name) DO UPDATE SET
    failures = destination.failures + 1,
    probe_at = CASE WHEN destination.probe_at < :not_before THEN :not_before ELSE destination.probe_at END
RETURNING failures, open_since;

-- name: open
UPDATE destination SET open_since = :now, probe_at = :probe_at, probes = 0
WHERE name = :name AND open_since IS NULL
RETURNING failures;

-- name: take_probe
UPDATE destination SET probe_at = :next, probes = probes + 1 WHERE name = :name AND open_since IS NOT NULL;

-- name: probe_now
UPDATE destination SET probe_at = :now WHERE name = :name AND probe_at > :now;

-- name: give_probe_back
-- Nobody was asked after all.
UPDATE destination SET probe_at = :now, probes = probes - 1
WHERE name = :name AND open_since IS NOT NULL AND probe_at = :probe_at;

-- name: close
-- A clock that was set back makes no outage of less than nothing.
UPDATE destination SET failures = 0, open_since = NULL, probe_at = NULL, closed_at = :now,
                       outage_ms = outage_ms + CASE WHEN :now > open_since THEN :now - open_since ELSE 0 END
WHERE name = :name AND open_since IS NOT NULL
RETURNING probes;

-- name: forget_failures
UPDATE destination SET failures = 0 WHERE name = :name AND open_since IS NULL;
