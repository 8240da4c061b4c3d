-- What administrators did, and why.

-- name: insert_action
INSERT INTO admin_action (at, actor, action, entry, detail, reason)
VALUES (:at, :actor, :action, :entry, :detail, :reason);

-- name: list_actions
SELECT at, actor, action, detail, reason FROM admin_action WHERE entry = :id ORDER BY id;
