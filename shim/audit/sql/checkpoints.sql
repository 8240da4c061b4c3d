-- Checkpoints and anchors.

-- name: heads
-- One look per chain, and not one per row.
WITH RECURSIVE known (chain) AS (
    SELECT MIN(chain) FROM audit_event
    UNION ALL
    SELECT (SELECT MIN(later.chain) FROM audit_event AS later WHERE later.chain > known.chain)
    FROM known WHERE known.chain IS NOT NULL
)
SELECT head.chain, head.n, head.hash
FROM known JOIN audit_event AS head
ON head.chain = known.chain AND head.n = (SELECT MAX(n) FROM audit_event WHERE audit_event.chain = known.chain);

-- name: checkpoints
SELECT number, body, signature FROM audit_checkpoint WHERE number > :after ORDER BY number LIMIT :limit;

-- name: newest
SELECT COALESCE(MAX(number), 0) AS number FROM audit_checkpoint;

-- name: insert_checkpoint
INSERT INTO audit_checkpoint (number, body, signature) VALUES (:number, :body, :signature);

-- name: anchors
SELECT chain, n, hash, checkpoint, pruned_at, key, signature FROM audit_anchor
WHERE (chain, n) > (:chain, :n) ORDER BY chain, n LIMIT :limit;

-- name: insert_anchor
INSERT INTO audit_anchor (chain, n, hash, checkpoint, pruned_at, key, signature)
VALUES (:chain, :n, :hash, :checkpoint, :pruned_at, :key, :signature);

-- name: delete_older_anchors
DELETE FROM audit_anchor WHERE chain = :chain AND n < :n;

-- name: delete_events
DELETE FROM audit_event WHERE chain = :chain AND n <= :n;
