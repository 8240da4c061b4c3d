-- Who works on entries, by this database's clock. PostgreSQL's alone: on one machine the kernel tells who lives.

-- name: renew
-- One that was taken for dead by mistake lives again: whatever it began before is fenced.
INSERT INTO owner (name, process, lease_until)
SELECT name, :process, CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint) + :lease_ms
FROM unnest(CAST(:names AS text[])) AS taken (name)
ON CONFLICT (name) DO UPDATE SET lease_until = excluded.lease_until, suspected_at = NULL;

-- name: ended
-- Whoever finds its lease ended claims nothing: others may have taken it for dead. A claim asks the same; see there.
SELECT 1 FROM owner
WHERE name = :name AND lease_until <= CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint);

-- name: look
-- A lease that ends later than one of now would is of a clock that was ahead, and counts no more. After a restart of
-- the database, or an outage of the network, everybody's lease has ended: the living get time to renew theirs.
SELECT process, lease_until, suspected_at,
       lease_until BETWEEN now_ms + 1 AND now_ms + :lease_ms AS leased,
       suspected_at IS NOT NULL
         AND greatest(suspected_at, CASE WHEN started_ms <= now_ms THEN started_ms END) + :grace_ms <= now_ms AS overdue
FROM owner, (SELECT CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint) AS now_ms,
                    CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000 AS bigint) AS started_ms) AS clock
WHERE name = :name;

-- name: bury
-- Only if it has not been renewed since it was looked at: who renews it at this moment is waited for, and wins.
UPDATE owner SET lease_until = 0
WHERE name = :name AND lease_until = :lease_until AND suspected_at = :suspected_at;

-- name: suspect
-- Once; a moment that has yet to come is of a clock that was ahead.
UPDATE owner SET suspected_at = now_ms
FROM (SELECT CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint) AS now_ms) AS clock
WHERE name = :name AND (suspected_at IS NULL OR suspected_at > now_ms);

-- name: owners
SELECT name, process FROM owner ORDER BY name;

-- name: forget
DELETE FROM owner WHERE name = ANY(CAST(:names AS text[]));

-- name: sweep
-- One that may come back, of another host, finds for a day that its lease has ended.
DELETE FROM owner
WHERE name = :name AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.owner = owner.name)
  AND (:ended OR suspected_at + 86400000 <= CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint));
