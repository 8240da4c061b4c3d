-- name: insert_entry
-- A key's entry waits while an earlier one of the same key has not left. What was told before the state came out of a
-- backup may have been accepted, and delivered, after that backup: the backend is asked first.
INSERT INTO entry (id, destination, contract, kind, client, reference, order_key, position, rank, follows, continues,
                   supersedes, fingerprint, state, reported_at, reported_offset_s, accepted_at, outage_ms,
                   next_attempt_at, unknown_since, unknown_boot, unknown_uptime, traceparent)
VALUES (:id, :destination, :contract, :kind, :client, :reference, :order_key,
        COALESCE(CAST(:position AS bigint), (SELECT MAX(position) + 1000 FROM entry
                             WHERE destination = :destination AND order_key = :order_key
                               AND state NOT IN ('delivered', 'discarded')), 1),
        :rank, :follows, :continues, :supersedes, :fingerprint,
        CASE WHEN EXISTS (SELECT 1 FROM destination WHERE name = :destination AND restored_at >= :reported_at)
             THEN 'unknown'
             WHEN EXISTS (SELECT 1 FROM entry
                          WHERE destination = :destination AND order_key = :order_key
                            AND state NOT IN ('delivered', 'discarded')
                            AND (CAST(:position AS bigint) IS NULL OR position < :position))
             THEN 'waiting' ELSE 'ready' END,
        :reported_at, :reported_offset_s, :accepted_at,
        COALESCE((SELECT outage_ms + COALESCE(:accepted_at - open_since, 0) FROM destination
                  WHERE name = :destination), 0),
        :accepted_at,
        (SELECT :accepted_at FROM destination WHERE name = :destination AND restored_at >= :reported_at),
        (SELECT '' FROM destination WHERE name = :destination AND restored_at >= :reported_at),
        (SELECT 0 FROM destination WHERE name = :destination AND restored_at >= :reported_at),
        :traceparent)
RETURNING *;

-- name: insert_request
INSERT INTO request (entry_seq, body) VALUES (:entry_seq, :body);

-- name: insert_payload
INSERT INTO payload (entry_seq, body, sha256, particulars) VALUES (:entry_seq, :body, :sha256, :particulars);

-- name: select_payload
SELECT body, sha256, particulars FROM payload WHERE entry_seq = :entry_seq;

-- name: select_entry
SELECT * FROM entry WHERE id = :id;

-- name: select_landed
-- The delivery that brought a backend record, so that later documents about it share its order key.
SELECT * FROM entry WHERE destination = :destination AND kind = :kind AND backend_id = :backend_id
ORDER BY seq LIMIT 1;

-- name: select_brought
-- What brought a backend record of any kind, for somebody who knows only its number.
SELECT * FROM entry
WHERE backend_id = :backend_id AND (CAST(:destination AS text) IS NULL OR destination = :destination)
ORDER BY seq;

-- name: select_continuations
SELECT * FROM entry WHERE continues = :id ORDER BY seq;

-- name: select_head
-- What must leave before a waiting entry of the same key may go.
SELECT * FROM entry
WHERE destination = :destination AND order_key = :order_key AND state NOT IN ('delivered', 'discarded')
ORDER BY position, seq LIMIT 1;

-- name: claim_unknown
-- An owner whose lease has ended claims nothing, or it would be recovered while it is sent; PostgreSQL's alone.
UPDATE entry SET owner = :owner, step = step + 1
WHERE seq = (SELECT seq FROM entry
             WHERE destination = :destination AND state = 'unknown' AND owner IS NULL AND next_attempt_at <= :now
             ORDER BY next_attempt_at, seq LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
  AND NOT EXISTS (SELECT 1 FROM owner
                  WHERE name = :owner
                    AND lease_until <= CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint))
RETURNING *;

-- name: claim_ready
-- What is due of the first rank, else of the second: one row of the index each, however many are put off.
UPDATE entry SET state = 'in_flight', owner = :owner, step = step + 1, sends = sends + 1
WHERE seq = COALESCE((SELECT seq FROM entry
                      WHERE destination = :destination AND state = 'ready' AND rank = 0 AND next_attempt_at <= :now
                      ORDER BY next_attempt_at, seq LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED),
                     (SELECT seq FROM entry
                      WHERE destination = :destination AND state = 'ready' AND rank = 1 AND next_attempt_at <= :now
                      ORDER BY next_attempt_at, seq LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED))
  AND NOT EXISTS (SELECT 1 FROM owner
                  WHERE name = :owner
                    AND lease_until <= CAST(extract(epoch FROM statement_timestamp()) * 1000 AS bigint))
RETURNING *;

-- name: insert_attempt
INSERT INTO attempt (entry_seq, step, action, owner, started_at) VALUES (:entry_seq, :step, :action, :owner, :now);

-- name: insert_attempt_outcome
INSERT INTO attempt_outcome (entry_seq, step, outcome, evidence, ended_at)
VALUES (:entry_seq, :step, :outcome, :evidence, :now);

-- name: to_delivered
UPDATE entry SET state = 'delivered', owner = NULL, failures = 0, backend_id = :backend_id, result = :result,
                 reason = NULL, error_group = NULL, ended_at = :now, delivered_boot = :boot, delivered_uptime = :uptime,
                 attention = :attention, check_at = :check_at
WHERE seq = :entry_seq AND owner = :owner AND step = :step;

-- name: to_ended
-- Rejected or parked: somebody must act.
UPDATE entry SET state = :state, owner = NULL, reason = :reason, error_group = :error_group, ended_at = :now
WHERE seq = :entry_seq AND owner = :owner AND step = :step;

-- name: to_not_found
-- Nobody needs to act, and nothing waits for it any more.
UPDATE entry SET state = 'discarded', not_found = 1, owner = NULL, reason = :reason, error_group = :error_group,
                 ended_at = :now
WHERE seq = :entry_seq AND owner = :owner AND step = :step;

-- name: to_ready
-- It waits again if an earlier one of its key has not left, as after a restored backup: there every one was unknown.
UPDATE entry SET state = CASE WHEN EXISTS (SELECT 1 FROM entry AS earlier
                                           WHERE earlier.destination = entry.destination
                                             AND earlier.order_key = entry.order_key
                                             AND earlier.position < entry.position
                                             AND earlier.state NOT IN ('delivered', 'discarded'))
                              THEN 'waiting' ELSE 'ready' END,
                 owner = NULL, failures = :failures, tries = :tries, reason = :reason, error_group = :error_group,
                 unknown_since = NULL, unknown_boot = NULL, unknown_uptime = NULL, next_attempt_at = :next_attempt_at
WHERE seq = :entry_seq AND owner = :owner AND step = :step;

-- name: to_released
-- Claimed and not begun: as if it had never been claimed, but for the attempt that is on record.
UPDATE entry SET state = CASE WHEN state = 'in_flight' THEN 'ready' ELSE state END,
                 sends = CASE WHEN state = 'in_flight' THEN sends - 1 ELSE sends END, owner = NULL
WHERE seq = :entry_seq AND owner = :owner AND step = :step;

-- name: to_unknown
-- unknown_since is set once per send: what the backend may still commit depends on the send, not on our questions. The
-- boot-time clock is set anew after a reboot or on another host, where the old one means nothing.
UPDATE entry SET state = 'unknown', owner = NULL, failures = :failures, reason = :reason, error_group = :error_group,
                 unknown_since = CASE WHEN state = 'in_flight' THEN :now ELSE unknown_since END,
                 unknown_boot = CASE WHEN state = 'in_flight' OR :restamp THEN :boot ELSE unknown_boot END,
                 unknown_uptime = CASE WHEN state = 'in_flight' OR :restamp THEN :uptime ELSE unknown_uptime END,
                 next_attempt_at = :next_attempt_at
WHERE seq = :entry_seq AND owner = :owner AND step = :step;

-- name: promote
-- The key's head has left: its next entry may go.
UPDATE entry SET state = 'ready', next_attempt_at = :now
WHERE seq = (SELECT seq FROM entry
             WHERE destination = :destination AND order_key = :order_key AND state NOT IN ('delivered', 'discarded')
             ORDER BY position, seq LIMIT 1)
  AND state = 'waiting';

-- name: select_owners
SELECT DISTINCT owner FROM entry WHERE owner IS NOT NULL;

-- name: select_owned
-- What another process is recovering is its own.
SELECT * FROM entry WHERE owner = :owner FOR NO KEY UPDATE SKIP LOCKED;

-- name: next_due
SELECT MIN(next_attempt_at) AS at FROM (
    SELECT MIN(next_attempt_at) AS next_attempt_at FROM entry
    WHERE destination = :destination AND state = 'ready' AND rank = 0
    UNION ALL
    SELECT MIN(next_attempt_at) FROM entry WHERE destination = :destination AND state = 'ready' AND rank = 1
    UNION ALL
    SELECT MIN(next_attempt_at) FROM entry WHERE destination = :destination AND state = 'unknown' AND owner IS NULL
) AS due;

-- name: count_by_state
SELECT destination, state, attention, COUNT(*) AS entries, MIN(accepted_at) AS oldest FROM entry
GROUP BY destination, state, attention;

-- name: list_attempts
SELECT a.step, a.action, a.started_at, o.outcome, o.evidence, o.ended_at
FROM attempt a LEFT JOIN attempt_outcome o ON o.entry_seq = a.entry_seq AND o.step = a.step
WHERE a.entry_seq = :entry_seq ORDER BY a.step;
