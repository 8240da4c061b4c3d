-- name: rows
SELECT chain, n, at, action, phase, access, outcome, status, client, actor, on_behalf_of, system, contract, subject,
       subject_key, purpose, correlation, detail, hash
FROM audit_event WHERE (chain, n) > (:chain, :n) ORDER BY chain, n LIMIT :limit;

-- name: first_kept
SELECT n FROM audit_event WHERE chain = :chain AND at >= :before ORDER BY n LIMIT 1;

-- name: by_time
SELECT chain, n, at, action, phase, access, outcome, status, client, actor, on_behalf_of, system, contract, subject,
       subject_key, purpose, correlation, detail, hash
FROM audit_event WHERE at >= :since AND (at, chain, n) > (:at, :chain, :n) ORDER BY at, chain, n LIMIT :limit;
