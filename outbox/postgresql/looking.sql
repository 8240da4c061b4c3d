-- What somebody asks of all entries at once. What has not left is counted and chosen in the index of its key alone, so
-- that a summary of a full outbox reads no entry, and history costs it nothing.

-- name: summarise_open
-- Without a sort: the index is in the order of the destinations.
SELECT destination, MIN(reported_at) AS oldest,
       SUM(CASE WHEN state = 'ready' THEN 1 ELSE 0 END) AS ready,
       SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END) AS waiting,
       SUM(CASE WHEN state = 'in_flight' THEN 1 ELSE 0 END) AS in_flight,
       SUM(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END) AS unknown,
       SUM(CASE WHEN state = 'rejected' THEN 1 ELSE 0 END) AS rejected,
       SUM(CASE WHEN state = 'parked' THEN 1 ELSE 0 END) AS parked
FROM entry
WHERE state NOT IN ('delivered', 'discarded')
GROUP BY destination;

-- name: report_times
-- What leaves without anybody's help, by when it was reported: in slots of the clock.
SELECT destination, reported_at / :slot AS slot, COUNT(*) AS entries, MIN(reported_at) AS oldest
FROM entry
WHERE state NOT IN ('delivered', 'discarded') AND state NOT IN ('rejected', 'parked')
GROUP BY destination, slot;

-- name: count_attention
SELECT destination, attention, COUNT(*) AS entries FROM entry
WHERE attention IS NOT NULL
GROUP BY destination, attention;

-- name: list_destinations
SELECT name, paused_at, paused_reason, failures, open_since, probe_at, probes, closed_at FROM destination;

-- name: count_delivered
-- From each client's last ending back to the first that is too old: no index of times that every delivery pays, and no
-- walk through history. A delivery by hand is an ending without such an attempt.
WITH RECURSIVE whose (client) AS (
    SELECT MIN(client) FROM ended
    UNION ALL
    SELECT (SELECT MIN(later.client) FROM ended AS later WHERE later.client > whose.client) FROM whose
    WHERE whose.client IS NOT NULL
), late (client, n, at, state, entry_seq) AS (
    SELECT e.client, e.n, e.at, e.state, e.entry_seq
    FROM whose JOIN ended AS e ON e.client = whose.client
                             AND e.n = (SELECT MAX(last.n) FROM ended AS last WHERE last.client = whose.client)
    UNION ALL
    SELECT e.client, e.n, e.at, e.state, e.entry_seq
    FROM late JOIN ended AS e ON e.client = late.client AND e.n = late.n - 1
    WHERE late.at > :since
)
SELECT entry.destination, COUNT(*) AS entries
FROM late JOIN attempt_outcome AS o ON o.entry_seq = late.entry_seq AND o.outcome = 'delivered' AND o.ended_at > :since
          JOIN entry ON entry.seq = late.entry_seq
WHERE late.state = 'delivered' AND late.at > :since
GROUP BY entry.destination;

-- name: group_failures
-- Entries of a release that kept no causes are grouped by their whole reason.
SELECT g.destination, g.state, g.cause, g.entries, g.oldest, e.id AS example
FROM (SELECT destination, state, error_group AS cause, COUNT(*) AS entries, MIN(reported_at) AS oldest, MIN(seq) AS seq
      FROM entry
      WHERE state NOT IN ('delivered', 'discarded') AND state IN ('rejected', 'parked', 'unknown', 'ready')
        AND error_group IS NOT NULL
      GROUP BY destination, state, error_group
      UNION ALL
      SELECT destination, state, reason, COUNT(*), MIN(reported_at), MIN(seq)
      FROM entry
      WHERE state NOT IN ('delivered', 'discarded') AND state IN ('rejected', 'parked', 'unknown')
        AND error_group IS NULL AND reason IS NOT NULL
      GROUP BY destination, state, reason) AS g
JOIN entry AS e ON e.seq = g.seq;

-- name: count_chosen
SELECT destination, state, COUNT(*) AS entries, MIN(reported_at) AS oldest FROM entry
WHERE state NOT IN ('delivered', 'discarded') AND STRPOS(:states, ' ' || state || ' ') > 0
  AND (CAST(:destination AS text) IS NULL OR destination = :destination) AND (CAST(:order_key AS text) IS NULL OR order_key = :order_key)
  AND (CAST(:before AS bigint) IS NULL OR reported_at < :before)
  AND (CAST(:cause AS text) IS NULL OR error_group = :cause OR (error_group IS NULL AND state <> 'ready' AND reason = :cause))
GROUP BY destination, state;

-- name: list_chosen
-- Which they are, without reading them.
SELECT seq, state FROM entry
WHERE state NOT IN ('delivered', 'discarded') AND STRPOS(:states, ' ' || state || ' ') > 0
  AND (CAST(:destination AS text) IS NULL OR destination = :destination) AND (CAST(:order_key AS text) IS NULL OR order_key = :order_key)
  AND (CAST(:before AS bigint) IS NULL OR reported_at < :before)
  AND (CAST(:cause AS text) IS NULL OR error_group = :cause OR (error_group IS NULL AND state <> 'ready' AND reason = :cause))
ORDER BY seq;

-- name: choose_open
SELECT * FROM entry
WHERE seq IN (SELECT seq FROM entry
              WHERE state NOT IN ('delivered', 'discarded') AND STRPOS(:states, ' ' || state || ' ') > 0
                AND (CAST(:destination AS text) IS NULL OR destination = :destination)
                AND (CAST(:order_key AS text) IS NULL OR order_key = :order_key)
                AND (CAST(:before AS bigint) IS NULL OR reported_at < :before)
                AND (CAST(:cause AS text) IS NULL OR error_group = :cause OR (error_group IS NULL AND state <> 'ready' AND reason = :cause))
                AND seq > :after
              ORDER BY CASE WHEN :newest THEN -seq ELSE seq END LIMIT :limit)
ORDER BY CASE WHEN :newest THEN -seq ELSE seq END;

-- name: choose_ended
-- Delivered and discarded ones, newest first.
SELECT * FROM entry
WHERE state IN ('delivered', 'discarded') AND STRPOS(:states, ' ' || state || ' ') > 0
  AND (CAST(:destination AS text) IS NULL OR destination = :destination) AND (CAST(:order_key AS text) IS NULL OR order_key = :order_key)
  AND (CAST(:before AS bigint) IS NULL OR reported_at < :before)
  AND (CAST(:cause AS text) IS NULL OR error_group = :cause OR (error_group IS NULL AND state <> 'ready' AND reason = :cause))
ORDER BY seq DESC LIMIT :limit;

-- name: choose_attention
SELECT * FROM entry
WHERE attention IS NOT NULL
  AND (CAST(:destination AS text) IS NULL OR destination = :destination) AND (CAST(:order_key AS text) IS NULL OR order_key = :order_key)
  AND (CAST(:before AS bigint) IS NULL OR reported_at < :before)
ORDER BY CASE WHEN :newest THEN -seq ELSE seq END LIMIT :limit;

-- name: select_candidates
-- Whoever is named by the beginning of an id: up to `beyond`, the prefix with the last character that there is.
SELECT * FROM entry WHERE id >= :prefix AND id < :beyond ORDER BY id LIMIT :limit;

-- name: select_request
SELECT body FROM request WHERE entry_seq = :entry_seq;

-- name: count_behind
SELECT COUNT(*) FROM entry
WHERE destination = :destination AND order_key = :order_key AND state NOT IN ('delivered', 'discarded')
  AND position > :position;

-- name: select_pruned
SELECT sha256, particulars, pruned_at FROM pruned WHERE entry_seq = :entry_seq;
