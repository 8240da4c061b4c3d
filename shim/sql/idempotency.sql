-- The records of writes: by client and blinded key.

-- name: select_idempotency
SELECT fingerprint, delivery, status, reply, not_executed, attempt FROM idempotency WHERE client = :client AND key = :key;

-- name: insert_idempotency
INSERT INTO idempotency (client, key, fingerprint, created_at, delivery)
VALUES (:client, :key, :fingerprint, :created_at, :delivery);

-- name: begin_idempotent_attempt
-- Of two processes that begin the next attempt at once, one changes the row.
UPDATE idempotency SET attempt = attempt + 1, not_executed = 0
WHERE client = :client AND key = :key AND status IS NULL AND attempt = :attempt;

-- name: set_idempotency_not_executed
-- Only of the newest attempt: what another one did meanwhile, it does not know.
UPDATE idempotency SET not_executed = 1
WHERE client = :client AND key = :key AND status IS NULL AND attempt = :attempt;

-- name: set_idempotency_reply
-- What was executed is certain, whichever attempt says so; a refusal (attempt > 0) only of the newest one.
UPDATE idempotency SET status = :status, reply = :reply
WHERE client = :client AND key = :key AND status IS NULL AND (:attempt = 0 OR attempt = :attempt);

-- name: delete_idempotency
-- Of immediate writes whose outcome is certain: answered, or not executed.
DELETE FROM idempotency
WHERE (client, key) IN (SELECT client, key FROM idempotency
                        WHERE (status IS NOT NULL OR not_executed = 1) AND created_at < :before
                        ORDER BY created_at LIMIT :limit);
