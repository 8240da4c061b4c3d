-- Carrying a whole state: what is done to all of its rows at once, and what is looked at or let go row by row.

-- name: columns
SELECT name FROM pragma_table_info(:table) ORDER BY cid;

-- name: ask_first
-- What is not final may have been sent since: the backend is asked before anything is sent.
UPDATE entry SET state = 'unknown', owner = NULL, failures = 0, next_attempt_at = :now,
                 unknown_since = :now, unknown_boot = :boot, unknown_uptime = :uptime,
                 reason = :reason, error_group = :reason
WHERE state IN ('ready', 'waiting', 'in_flight', 'unknown');

-- name: end_attempts
-- Attempts that were under way; nobody will write down how they ended.
INSERT INTO attempt_outcome (entry_seq, step, outcome, evidence, ended_at)
SELECT attempt.entry_seq, attempt.step, 'unknown', :reason, :now
FROM entry JOIN attempt ON attempt.entry_seq = entry.seq AND attempt.step = entry.step
WHERE entry.owner IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM attempt_outcome AS known
                  WHERE known.entry_seq = attempt.entry_seq AND known.step = attempt.step);

-- name: ask_before_retry
-- What somebody must act on may have been taken up again and delivered since: a retry asks first.
UPDATE entry SET unknown_since = :now, unknown_boot = :boot, unknown_uptime = :uptime
WHERE state IN ('rejected', 'parked');

-- name: list_destinations
SELECT name FROM destination UNION SELECT DISTINCT destination FROM entry;

-- name: reset_destination
-- It is believed to answer until it does not, and begins at its slowest pace. What was out of reach until now counts.
INSERT INTO destination (name, closed_at, restored_at) VALUES (:name, :now, :restored_at)
ON CONFLICT (name) DO UPDATE SET
    outage_ms = destination.outage_ms
        + MAX(0, :now - MIN(COALESCE(destination.open_since, :now),
                             CASE WHEN :keep_pause THEN :now ELSE COALESCE(destination.paused_at, :now) END)),
    paused_at = CASE WHEN :keep_pause THEN destination.paused_at END,
    paused_reason = CASE WHEN :keep_pause THEN destination.paused_reason END,
    failures = 0, open_since = NULL, probe_at = NULL, probes = 0, closed_at = :now,
    restored_at = COALESCE(:restored_at, destination.restored_at);

-- name: select_stored
-- Everything of some entries that is sealed.
SELECT entry.seq, entry.id, entry.destination, entry.result,
       payload.body, payload.sha256, payload.particulars, request.body AS request,
       pruned.sha256 AS pruned_sha256, pruned.particulars AS pruned_particulars
FROM entry
LEFT JOIN payload ON payload.entry_seq = entry.seq
LEFT JOIN request ON request.entry_seq = entry.seq
LEFT JOIN pruned ON pruned.entry_seq = entry.seq
WHERE entry.seq > :after ORDER BY entry.seq LIMIT :limit;

-- name: select_old_payloads
-- One whose record is still looked at, or wants attention, keeps its payload: the adapter needs it for another look.
-- And one whose parts have not left: they may have to be composed anew, from what the client asked with the first.
SELECT entry.seq, entry.id, payload.sha256, payload.particulars
FROM entry JOIN payload ON payload.entry_seq = entry.seq
WHERE entry.seq > :after AND entry.state IN ('delivered', 'discarded') AND entry.ended_at < :before
  AND entry.check_at IS NULL AND entry.attention IS NULL
  AND NOT EXISTS (SELECT 1 FROM entry AS part
                  WHERE part.continues = entry.id AND part.state NOT IN ('delivered', 'discarded'))
ORDER BY entry.seq LIMIT :limit;

-- name: insert_pruned
-- It counts as written when it is there already: what was left beside it is let go then.
INSERT INTO pruned (entry_seq, sha256, particulars, pruned_at)
SELECT :entry_seq, :sha256, :particulars, :now
FROM entry WHERE seq = :entry_seq AND state IN ('delivered', 'discarded') AND check_at IS NULL AND attention IS NULL
  AND NOT EXISTS (SELECT 1 FROM entry AS part
                  WHERE part.continues = entry.id AND part.state NOT IN ('delivered', 'discarded'))
ON CONFLICT (entry_seq) DO UPDATE SET sha256 = pruned.sha256;

-- name: delete_payload
DELETE FROM payload WHERE entry_seq = :entry_seq;

-- name: delete_request
DELETE FROM request WHERE entry_seq = :entry_seq;

-- name: select_left_requests
-- What clients asked of entries whose payload is gone: nobody needs it, and no payload leads to it.
SELECT entry.seq, entry.id FROM request
JOIN pruned ON pruned.entry_seq = request.entry_seq JOIN entry ON entry.seq = request.entry_seq
WHERE request.entry_seq > :after AND NOT EXISTS (SELECT 1 FROM payload WHERE payload.entry_seq = request.entry_seq)
ORDER BY request.entry_seq LIMIT :limit;

-- name: select_old_attempts
SELECT seq, id FROM entry
WHERE seq > :after AND state IN ('delivered', 'discarded') AND ended_at < :before AND check_at IS NULL AND attention IS NULL
  AND (EXISTS (SELECT 1 FROM attempt WHERE attempt.entry_seq = entry.seq)
       OR EXISTS (SELECT 1 FROM verification WHERE verification.entry_seq = entry.seq))
ORDER BY seq LIMIT :limit;

-- name: count_old_payloads
SELECT COUNT(*) AS n FROM entry JOIN payload ON payload.entry_seq = entry.seq
WHERE entry.state IN ('delivered', 'discarded') AND entry.ended_at < :before AND entry.check_at IS NULL AND entry.attention IS NULL
  AND NOT EXISTS (SELECT 1 FROM entry AS part
                  WHERE part.continues = entry.id AND part.state NOT IN ('delivered', 'discarded'));

-- name: count_old_attempts
SELECT COUNT(*) AS n FROM entry
WHERE state IN ('delivered', 'discarded') AND ended_at < :before AND check_at IS NULL AND attention IS NULL
  AND (EXISTS (SELECT 1 FROM attempt WHERE attempt.entry_seq = entry.seq)
       OR EXISTS (SELECT 1 FROM verification WHERE verification.entry_seq = entry.seq));

-- name: select_final
SELECT seq FROM entry WHERE seq = :entry_seq AND state IN ('delivered', 'discarded');

-- name: delete_outcomes
DELETE FROM attempt_outcome WHERE entry_seq = :entry_seq;

-- name: delete_attempts
DELETE FROM attempt WHERE entry_seq = :entry_seq;

-- name: delete_verifications
DELETE FROM verification WHERE entry_seq = :entry_seq;
