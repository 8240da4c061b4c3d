-- Writing to a chain.

-- name: insert
INSERT INTO audit_event
    (chain, n, at, action, phase, access, outcome, status, client, actor, on_behalf_of, system, contract, subject,
     subject_key, purpose, correlation, detail, hash)
VALUES
    (:chain, :n, :at, :action, :phase, :access, :outcome, :status, :client, :actor, :on_behalf_of, :system, :contract,
     :subject, :subject_key, :purpose, :correlation, :detail, :hash);

-- name: shared_end
SELECT chain, n, hash FROM audit_event WHERE chain >= 'shared-' AND chain < 'shared.' ORDER BY chain DESC, n DESC LIMIT 1;
