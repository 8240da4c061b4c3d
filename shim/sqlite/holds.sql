-- Holds in shim state, by the database's clock. The writer's lock makes each transaction one step for all processes.

-- name: forget_holds
DELETE FROM hold
WHERE expires_at <= (SELECT ms FROM clock) - :known_ms;

-- name: live_hold
SELECT expires_at - (SELECT ms FROM clock) AS left_ms FROM hold
WHERE system = :system AND slot = :slot AND holder = :holder AND patient = :patient AND client = :client
  AND expires_at > (SELECT ms FROM clock);

-- name: insert_hold
-- The check and the row are one statement. Its own conversation's hold is in nobody's way: this one releases it.
INSERT INTO hold (system, slot, holder, resource, starts_at, ends_at, patient, client, conversation, expires_at,
  held_until)
SELECT :system, :slot, :holder, :resource, :starts_at, :ends_at, :patient, :client, :conversation,
  (SELECT ms FROM clock) + :hold_ms, (SELECT ms FROM clock) + :hold_ms
WHERE NOT EXISTS (
  SELECT 1 FROM hold AS other
  WHERE other.system = :system
    AND (other.slot = :slot
      OR (other.resource = :resource AND other.starts_at < :ends_at AND other.ends_at > :starts_at))
    AND other.expires_at > (SELECT ms FROM clock)
    AND NOT (other.client = :client AND other.conversation IS :conversation AND :conversation IS NOT NULL
      AND other.claimed = 0)
)
ON CONFLICT (system, slot, holder) DO UPDATE SET
  resource = excluded.resource, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
  patient = excluded.patient, client = excluded.client, conversation = excluded.conversation,
  expires_at = excluded.expires_at, held_until = excluded.held_until, claimed = 0
WHERE hold.expires_at <= (SELECT ms FROM clock);

-- name: release_conversation
DELETE FROM hold
WHERE system = :system AND client = :client AND conversation = :conversation
  AND NOT (slot = :slot AND holder = :holder) AND claimed = 0
  AND expires_at > (SELECT ms FROM clock);

-- name: claim_hold
-- Only the first claim prolongs: nobody keeps a slot for ever by confirming it wrongly again and again.
UPDATE hold SET claimed = 1,
  expires_at = CASE claimed WHEN 0 THEN max(expires_at, (SELECT ms FROM clock) + :claim_ms) ELSE expires_at END
WHERE system = :system AND slot = :slot AND holder = :holder AND patient = :patient AND client = :client
  AND expires_at > (SELECT ms FROM clock);

-- name: unclaim_hold
UPDATE hold SET claimed = 0, expires_at = held_until
WHERE system = :system AND slot = :slot AND holder = :holder AND claimed = 1;

-- name: expired_hold
SELECT 1 FROM hold
WHERE system = :system AND slot = :slot AND holder = :holder AND patient = :patient AND client = :client
  AND expires_at <= (SELECT ms FROM clock)
  AND expires_at > (SELECT ms FROM clock) - :known_ms;

-- name: delete_hold
DELETE FROM hold WHERE system = :system AND slot = :slot AND holder = :holder;

-- name: live_holds
SELECT slot, holder, resource, starts_at, ends_at FROM hold
WHERE system = :system AND starts_at < :starts_before AND ends_at > :starts_from
  AND expires_at > (SELECT ms FROM clock)
ORDER BY starts_at, slot;

-- name: count_live_holds
SELECT system, COUNT(*) AS holds FROM hold INDEXED BY hold_by_end WHERE expires_at > (SELECT ms FROM clock) GROUP BY system;
