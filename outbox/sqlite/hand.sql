-- What an administrator's hand does to entries.

-- name: make_due
-- An administrator does not want to wait for the next attempt.
UPDATE entry SET next_attempt_at = :now
WHERE destination = :destination AND state IN ('ready', 'unknown') AND next_attempt_at > :now;

-- name: retry
-- An administrator has mended what stood in the way, or has looked and says that it is not there.
UPDATE entry SET state = CASE WHEN unknown_since IS NULL OR :not_there THEN 'ready' ELSE 'unknown' END,
                 unknown_since = CASE WHEN :not_there THEN NULL ELSE unknown_since END,
                 unknown_boot = CASE WHEN :not_there THEN NULL ELSE unknown_boot END,
                 unknown_uptime = CASE WHEN :not_there THEN NULL ELSE unknown_uptime END,
                 failures = 0, reason = NULL, ended_at = NULL, next_attempt_at = :now
WHERE id = :id AND state IN ('rejected', 'parked')
RETURNING *;

-- name: discard
-- Only what certainly is not, or may not be, on its way: never an entry in flight or unknown.
UPDATE entry SET state = 'discarded', reason = :reason, ended_at = :now
WHERE id = :id AND state IN ('ready', 'waiting', 'rejected', 'parked')
RETURNING *;
