-- What is composed anew takes the place of the old one, in one commit.

-- name: supersede
-- The new one has the reference from now on. A part that was given up before is superseded as well.
UPDATE entry SET state = 'discarded', superseded_by = :by, ended_at = :now,
                 reason = CASE WHEN state = 'discarded' THEN reason ELSE :reason END
WHERE id = :id AND owner IS NULL AND superseded_by IS NULL
  AND (state IN ('ready', 'waiting', 'rejected', 'parked', 'discarded') OR (state = 'unknown' AND :not_there))
RETURNING *;

-- name: select_parts
SELECT * FROM entry WHERE continues = :id AND superseded_by IS NULL ORDER BY position;

-- name: next_position
-- Of what comes after it in its key and has not left.
SELECT MIN(position) AS position FROM entry
WHERE destination = :destination AND order_key = :order_key AND state NOT IN ('delivered', 'discarded')
  AND position > :position;
