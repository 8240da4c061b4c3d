-- What somebody looks for by a name that they have. Each reads as many rows as it returns, or the newest ones alone,
-- however much history there is.

-- name: of_reference
SELECT * FROM entry WHERE destination = :destination AND reference = :reference AND superseded_by IS NULL;

-- name: of_number
SELECT * FROM entry WHERE destination = :destination AND backend_id = :backend_id ORDER BY seq DESC LIMIT :limit;

-- name: ended_of_client
SELECT entry.* FROM ended JOIN entry ON entry.seq = ended.entry_seq
WHERE ended.client = :client
ORDER BY ended.n DESC LIMIT :limit;

-- name: newest_of_client
SELECT * FROM entry
WHERE seq > (SELECT MAX(seq) FROM entry) - :newest AND client = :client
ORDER BY seq DESC LIMIT :limit;

-- name: newest_ended
SELECT * FROM entry
WHERE seq > (SELECT MAX(seq) FROM entry) - :newest AND state = :state AND destination = :destination
ORDER BY seq DESC LIMIT :limit;

-- name: newest_of_trace
-- The trace id stands behind the version: 00-…
SELECT * FROM entry
WHERE seq > (SELECT MAX(seq) FROM entry) - :newest AND SUBSTR(traceparent, 4, 32) = :trace
ORDER BY seq DESC LIMIT :limit;
