-- One alert for the beginning of an outage and one for its end, stored with what they tell of.

-- name: insert_alert
INSERT INTO alert (id, at, destination, kind, detail, next_attempt_at)
VALUES (:id, :now, :destination, :kind, :detail, :now);

-- name: select_due
SELECT 1 FROM alert WHERE sent_at IS NULL AND next_attempt_at <= :now AND at > :oldest LIMIT 1;

-- name: claim_alert
-- Whoever claims one tells it; nobody else does before the lease is over. The end of an outage is not told before its
-- beginning.
UPDATE alert SET attempts = attempts + 1, next_attempt_at = :lease
WHERE id = (SELECT id FROM alert AS due
            WHERE sent_at IS NULL AND next_attempt_at <= :now AND at > :oldest
              AND NOT EXISTS (SELECT 1 FROM alert AS earlier
                              WHERE earlier.destination = due.destination AND earlier.sent_at IS NULL
                                AND earlier.at > :oldest AND (earlier.at < due.at OR (earlier.at = due.at
                                                              AND earlier.kind > due.kind)))
            ORDER BY at, id LIMIT 1)
  AND sent_at IS NULL AND next_attempt_at <= :now
RETURNING *;

-- name: to_told
UPDATE alert SET sent_at = :now WHERE id = :id AND sent_at IS NULL;

-- name: to_told_later
UPDATE alert SET next_attempt_at = :next_attempt_at WHERE id = :id AND sent_at IS NULL;

-- name: count_alerts
SELECT destination, kind, COUNT(*) AS alerts FROM alert GROUP BY destination, kind;

-- name: list_breakers
SELECT name, open_since, paused_at FROM destination ORDER BY name;
