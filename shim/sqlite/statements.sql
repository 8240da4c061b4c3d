-- name: insert_deployment
INSERT INTO deployment (only, name, key_fingerprint) VALUES (1, :name, :key_fingerprint) ON CONFLICT DO NOTHING;

-- name: select_deployment
SELECT name, key_fingerprint FROM deployment;

-- name: insert_proof
-- Of being writable, deleted in the same transaction: one that changes nothing is committed on a full disk, too.
INSERT INTO reference_row (system, name, row, read_at) VALUES ('', 'proof', '', 0);

-- name: delete_proof
DELETE FROM reference_row WHERE system = '' AND name = 'proof';

-- name: insert_client
INSERT INTO client (name, scopes, limits, created_at) VALUES (:name, :scopes, :limits, :created_at);

-- name: insert_client_key
INSERT INTO client_key (prefix, client, sha256, created_at) VALUES (:prefix, :client, :sha256, :created_at);

-- name: select_client_by_prefix
SELECT c.name, c.scopes, c.limits, k.sha256, k.last_used_at
FROM client_key AS k JOIN client AS c ON c.name = k.client
WHERE k.prefix = :prefix AND c.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now);

-- name: list_clients
SELECT name, scopes, limits, created_at, revoked_at FROM client ORDER BY name;

-- name: list_client_keys
SELECT client, prefix, created_at, expires_at, last_used_at FROM client_key
WHERE expires_at IS NULL OR expires_at > :now
ORDER BY client, created_at DESC;

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

-- name: upsert_reference_row
INSERT INTO reference_row (system, name, row, read_at) VALUES (:system, :name, :row, :read_at)
ON CONFLICT (system, name) DO UPDATE SET row = excluded.row, read_at = excluded.read_at
WHERE excluded.read_at >= reference_row.read_at;

-- name: select_reference_row
SELECT row, read_at FROM reference_row WHERE system = :system AND name = :name;
