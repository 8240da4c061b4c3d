-- What an administrator's hand does to entries. None of it touches one that somebody works on.

-- name: make_due
-- An administrator does not want to wait for the next attempt.
UPDATE entry SET next_attempt_at = :now
WHERE destination = :destination AND state IN ('ready', 'unknown') AND next_attempt_at > :now;

-- name: retry
-- Somebody has mended what stood in the way, or has looked and says that it is not there. Attempts and age begin anew,
-- and what is sent again keeps the order of its key.
UPDATE entry SET state = CASE WHEN unknown_since IS NOT NULL AND NOT :not_there THEN 'unknown'
                              WHEN EXISTS (SELECT 1 FROM entry AS earlier
                                           WHERE earlier.destination = entry.destination
                                             AND earlier.order_key = entry.order_key
                                             AND earlier.state NOT IN ('delivered', 'discarded')
                                             AND earlier.position < entry.position)
                              THEN 'waiting' ELSE 'ready' END,
                 unknown_since = CASE WHEN :not_there THEN NULL ELSE unknown_since END,
                 unknown_boot = CASE WHEN :not_there THEN NULL ELSE unknown_boot END,
                 unknown_uptime = CASE WHEN :not_there THEN NULL ELSE unknown_uptime END,
                 failures = 0, tries = 0, reason = NULL, error_group = NULL, ended_at = NULL, next_attempt_at = :now,
                 outage_ms = COALESCE((SELECT d.outage_ms + COALESCE(:now - d.open_since, 0) FROM destination AS d
                                       WHERE d.name = entry.destination), 0) - (:now - accepted_at)
WHERE id = :id AND owner IS NULL AND state IN ('rejected', 'parked', 'unknown', 'ready')
RETURNING *;

-- name: discard
-- Only what certainly is not on its way, or of which somebody says that it may be there for all that.
UPDATE entry SET state = 'discarded', reason = :reason, ended_at = :now
WHERE id = :id AND owner IS NULL
  AND (state IN ('ready', 'waiting', 'rejected', 'parked') OR (state = 'unknown' AND :may_exist))
RETURNING *;

-- name: resolve
-- Somebody has found it. The record is looked at as soon as a worker can, which fills what the reply tells of it.
UPDATE entry SET state = 'delivered', backend_id = :backend_id, result = NULL, reason = NULL, error_group = NULL,
                 failures = 0, ended_at = :now, delivered_boot = :boot, delivered_uptime = :uptime,
                 attention = NULL, check_at = :now, check_lease = NULL
WHERE id = :id AND owner IS NULL AND state IN ('unknown', 'rejected', 'parked')
RETURNING *;

-- name: pause
-- Paused twice, it is paused since the first time.
INSERT INTO destination (name, paused_at, paused_reason) VALUES (:name, :now, :reason)
ON CONFLICT (name) DO UPDATE SET paused_at = COALESCE(destination.paused_at, :now), paused_reason = :reason
RETURNING paused_at;

-- name: resume
-- Age runs in a pause as little as in an outage; one within the other is counted once.
UPDATE destination SET outage_ms = outage_ms + CASE WHEN COALESCE(open_since, :now) > paused_at
                                                    THEN COALESCE(open_since, :now) - paused_at ELSE 0 END,
                       paused_at = NULL, paused_reason = NULL
WHERE name = :name AND paused_at IS NOT NULL
RETURNING name;
