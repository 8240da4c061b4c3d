-- name: insert_deployment
INSERT INTO deployment ("only", name, key_fingerprint, naming) VALUES (1, :name, :key_fingerprint, :naming)
ON CONFLICT DO NOTHING;

-- name: select_naming
SELECT naming FROM deployment;

-- name: update_naming
UPDATE deployment SET naming = :naming;

-- name: list_keys
SELECT id, fingerprint, added_at FROM ring_key ORDER BY added_at, id;

-- name: insert_key
INSERT INTO ring_key (id, fingerprint, added_at) VALUES (:id, :fingerprint, :added_at) ON CONFLICT DO NOTHING;

-- name: delete_key
DELETE FROM ring_key WHERE id = :id;
