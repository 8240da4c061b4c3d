-- Looks at delivered records. A look is claimed by a lease; its result counts only if no newer look has begun. A lease
-- that ends later than one of now would is of a wall clock that was ahead, and counts no more.

-- name: next_check
SELECT MIN(check_at) AS at FROM entry
WHERE destination = :destination AND check_at IS NOT NULL
  AND (check_lease IS NULL OR check_lease NOT BETWEEN :now + 1 AND :lease);

-- name: claim_check
UPDATE entry SET check_lease = :lease, checks = checks + 1
WHERE seq = (SELECT seq FROM entry
             WHERE destination = :destination AND check_at <= :now
               AND (check_lease IS NULL OR check_lease NOT BETWEEN :now + 1 AND :lease)
             ORDER BY check_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING *;

-- name: to_checked
-- Only the last look may say that all is well: until then what an earlier one saw stays. One that saw nothing never may.
UPDATE entry SET result = COALESCE(:result, result), check_at = :check_at, check_lease = NULL, check_failures = 0,
                 attention = CASE WHEN NOT :read THEN COALESCE(attention, :attention)
                                  WHEN CAST(:check_at AS bigint) IS NULL THEN :attention
                                  ELSE COALESCE(:attention, attention) END
WHERE seq = :entry_seq AND checks = :n;

-- name: to_check_failed
-- The adapter is at fault, so what was known of the record stays known.
UPDATE entry SET attention = COALESCE(attention, :attention), check_at = :check_at, check_lease = NULL,
                 check_failures = check_failures + 1
WHERE seq = :entry_seq AND checks = :n;

-- name: to_seen
-- Somebody has acknowledged it. A look that is under way counts no more.
UPDATE entry SET attention = NULL, check_at = NULL, check_lease = NULL, checks = checks + 1
WHERE seq = :entry_seq
RETURNING checks;

-- name: select_attention
SELECT seq, attention FROM entry WHERE id = :id AND attention IS NOT NULL;

-- name: insert_verification
INSERT INTO verification (entry_seq, n, started_at, ended_at, outcome, evidence)
VALUES (:entry_seq, :n, :started_at, :now, :outcome, :evidence);

-- name: make_check_due
UPDATE entry SET check_at = :now, check_lease = NULL, check_failures = 0
WHERE id = :id AND state = 'delivered'
RETURNING *;

-- name: make_checks_due
UPDATE entry SET check_at = :now, check_lease = NULL, check_failures = 0
WHERE destination = :destination AND (attention IS NOT NULL OR check_at IS NOT NULL)
RETURNING *;

-- name: list_verifications
SELECT n, started_at, ended_at, outcome, evidence FROM verification WHERE entry_seq = :entry_seq ORDER BY n;
