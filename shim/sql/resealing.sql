-- What is sealed, a few rows at a time, and what puts it back sealed anew. A payload and a request are frozen: they are
-- deleted and inserted in one commit, and the hash of what was validated stays. What may change meanwhile is changed only
-- while it is what was read.

-- name: select_payload
SELECT p.entry_seq, e.id, p.sha256, p.body, p.particulars FROM payload AS p JOIN entry AS e ON e.seq = p.entry_seq
WHERE p.entry_seq > :entry_seq ORDER BY p.entry_seq LIMIT :limit;

-- name: delete_payload
DELETE FROM payload WHERE entry_seq = :entry_seq;

-- name: write_payload
INSERT INTO payload (entry_seq, body, sha256, particulars) VALUES (:entry_seq, :body, :sha256, :particulars);

-- name: select_request
SELECT r.entry_seq, e.id, r.body FROM request AS r JOIN entry AS e ON e.seq = r.entry_seq
WHERE r.entry_seq > :entry_seq ORDER BY r.entry_seq LIMIT :limit;

-- name: delete_request
DELETE FROM request WHERE entry_seq = :entry_seq;

-- name: write_request
INSERT INTO request (entry_seq, body) VALUES (:entry_seq, :body);

-- name: select_pruned
SELECT p.entry_seq, e.id, p.particulars FROM pruned AS p JOIN entry AS e ON e.seq = p.entry_seq
WHERE p.entry_seq > :entry_seq ORDER BY p.entry_seq LIMIT :limit;

-- name: write_pruned
UPDATE pruned SET particulars = :particulars WHERE entry_seq = :entry_seq AND particulars = :was;

-- name: select_result
SELECT seq, id, result FROM entry WHERE seq > :seq AND result IS NOT NULL ORDER BY seq LIMIT :limit;

-- name: write_result
UPDATE entry SET result = :result WHERE seq = :seq AND result = :was;

-- name: select_reply
SELECT client, key, reply FROM idempotency WHERE (client, key) > (:client, :key) AND reply IS NOT NULL
ORDER BY client, key LIMIT :limit;

-- name: write_reply
UPDATE idempotency SET reply = :reply WHERE client = :client AND key = :key AND reply = :was;

-- name: select_reference
SELECT system, name, row FROM reference_row WHERE (system, name) > (:system, :name) ORDER BY system, name LIMIT :limit;

-- name: write_reference
UPDATE reference_row SET row = :row WHERE system = :system AND name = :name AND row = :was;
