-- Clients and their keys. Keys expire, and requests are counted, by the database's clock.

-- name: insert_client
INSERT INTO client (name, scopes, limits, created_at) VALUES (:name, :scopes, :limits, :created_at);

-- name: insert_client_key
INSERT INTO client_key (prefix, client, sha256, created_at) VALUES (:prefix, :client, :sha256, :created_at);

-- name: select_client_by_prefix
SELECT c.name, c.scopes, c.limits, k.sha256, clock.ms - k.last_used_at AS used_ms_ago
FROM client_key AS k JOIN client AS c ON c.name = k.client CROSS JOIN clock
WHERE k.prefix = :prefix AND c.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock.ms);

-- name: list_clients
SELECT name, scopes, limits, created_at, revoked_at FROM client ORDER BY name;

-- name: list_client_keys
SELECT client, prefix, created_at, expires_at, last_used_at FROM client_key
WHERE expires_at IS NULL OR expires_at > (SELECT ms FROM clock)
ORDER BY client, created_at DESC, prefix;

-- name: select_client
SELECT scopes, limits FROM client WHERE name = :name AND revoked_at IS NULL;

-- name: update_client
UPDATE client SET scopes = :scopes, limits = :limits WHERE name = :name AND revoked_at IS NULL;

-- name: revoke_client
UPDATE client SET revoked_at = (SELECT ms FROM clock) WHERE name = :name AND revoked_at IS NULL;

-- name: expire_client_keys
-- The old keys of a rotation; one that ends earlier already is not prolonged.
UPDATE client_key SET expires_at = (SELECT ms FROM clock) + :overlap_ms
WHERE client = :client AND (expires_at IS NULL OR expires_at > (SELECT ms FROM clock) + :overlap_ms);

-- name: expire_client_key
UPDATE client_key SET expires_at = (SELECT ms FROM clock)
WHERE client = :client AND prefix = :prefix AND (expires_at IS NULL OR expires_at > (SELECT ms FROM clock));

-- name: use_client_key
-- At most once in a while, however many processes the key is used with.
UPDATE client_key SET last_used_at = (SELECT ms FROM clock)
WHERE prefix = :prefix AND (last_used_at IS NULL OR last_used_at <= (SELECT ms FROM clock) - :every_ms);

-- name: count_request
INSERT INTO client_minute (client, minute, requests)
SELECT CAST(:client AS text), ms / 60000, 1 FROM clock WHERE true
ON CONFLICT (client, minute) DO UPDATE SET requests = client_minute.requests + 1
RETURNING requests, (minute + 1) * 60000 - (SELECT ms FROM clock) AS left_ms;
