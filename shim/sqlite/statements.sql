-- name: select_deployment
SELECT name, key_fingerprint FROM deployment;

-- name: insert_proof
-- Of being writable, deleted in the same transaction: one that changes nothing is committed on a full disk, too.
INSERT INTO reference_row (system, name, row, read_at) VALUES ('', 'proof', '', 0);

-- name: delete_proof
DELETE FROM reference_row WHERE system = '' AND name = 'proof';

-- name: upsert_reference_row
INSERT INTO reference_row (system, name, row, read_at) VALUES (:system, :name, :row, :read_at)
ON CONFLICT (system, name) DO UPDATE SET row = excluded.row, read_at = excluded.read_at
WHERE excluded.read_at >= reference_row.read_at;

-- name: select_reference_row
SELECT row, read_at FROM reference_row WHERE system = :system AND name = :name;
