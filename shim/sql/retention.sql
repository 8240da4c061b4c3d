-- What nobody needs any more of what the shim counts, by the database's clock.

-- name: forget_minutes
DELETE FROM client_minute WHERE (client, minute) IN (
  SELECT client, minute FROM client_minute WHERE minute < (SELECT ms FROM clock) / 60000 - :minutes LIMIT :limit
);
