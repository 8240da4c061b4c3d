-- The records of writes: by client and blinded key.

-- name: select_idempotency
SELECT fingerprint, delivery, status, reply, not_executed FROM idempotency WHERE client = :client AND key = :key;

-- name: insert_idempotency
INSERT INTO idempotency (client, key, fingerprint, created_at, delivery)
VALUES (:client, :key, :fingerprint, :created_at, :delivery);

-- name: set_idempotency_executed
-- Of two processes that begin the next attempt at once, one changes the row.
UPDATE idempotency SET not_executed = :not_executed
WHERE client = :client AND key = :key AND status IS NULL AND not_executed <> :not_executed;

-- name: set_idempotency_reply
UPDATE idempotency SET status = :status, reply = :reply WHERE client = :client AND key = :key AND status IS NULL;

-- name: delete_idempotency
-- Of immediate writes whose outcome is certain.
DELETE FROM idempotency
WHERE (client, key) IN (SELECT client, key FROM idempotency WHERE status IS NOT NULL AND created_at < :before
                        ORDER BY created_at LIMIT :limit);
