-- What limits how often somebody may ask who a person is, by the database's clock.

-- name: forget_attempts
DELETE FROM identity_attempt WHERE at <= (SELECT ms FROM clock) - :window_ms;

-- name: insert_attempt
-- The count and the row are one statement: of any number of callers at once, no more than the quota get one.
INSERT INTO identity_attempt (subject, at)
SELECT :subject, (SELECT ms FROM clock)
WHERE (
  SELECT count(*) FROM identity_attempt WHERE subject = :subject AND at > (SELECT ms FROM clock) - :window_ms
) < :quota
RETURNING id;

-- name: until_next_attempt
-- There is room when the last but quota is forgotten; another client, with more of its own, may have taken more than that.
SELECT at + :window_ms - (SELECT ms FROM clock) AS left_ms FROM identity_attempt WHERE subject = :subject
ORDER BY at DESC LIMIT 1 OFFSET :quota - 1;

-- name: delete_attempt
DELETE FROM identity_attempt WHERE id = :id;

-- name: forget_people
-- Everybody's, so that nothing stays behind of a client that calls no more.
DELETE FROM identity_person WHERE at <= (SELECT ms FROM clock) - :window_ms;

-- name: upsert_person
-- The same person again takes no further place.
INSERT INTO identity_person (client, subject, at)
SELECT :client, :subject, (SELECT ms FROM clock)
WHERE EXISTS (SELECT 1 FROM identity_person WHERE client = :client AND subject = :subject)
  OR (SELECT count(*) FROM identity_person WHERE client = :client AND at > (SELECT ms FROM clock) - :window_ms) < :quota
ON CONFLICT (client, subject) DO UPDATE SET at = excluded.at;

-- name: person_seen_lately
SELECT 1 FROM identity_person
WHERE client = :client AND subject = :subject AND at > (SELECT ms FROM clock) - :lately_ms;

-- name: people_of_client
-- left_ms is NULL while there is room. A client whose number was lowered may have met more people than it allows.
SELECT
  (
    SELECT count(*) FROM identity_person WHERE client = :client AND at > (SELECT ms FROM clock) - :window_ms
  ) AS people,
  (
    SELECT at FROM identity_person WHERE client = :client AND at > (SELECT ms FROM clock) - :window_ms
    ORDER BY at DESC LIMIT 1 OFFSET :quota - 1
  ) + :window_ms - (SELECT ms FROM clock) AS left_ms;
