-- What says how a backend is spoken to, as it was accepted, and what differs from that now.

CREATE TABLE description (
    system      TEXT NOT NULL,
    name        TEXT NOT NULL,            -- of a file, without its folder, or of what the backend serves
    fingerprint TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    accepted_by TEXT NOT NULL,
    reason      TEXT NOT NULL,
    PRIMARY KEY (system, name)
) WITHOUT ROWID;

CREATE TABLE description_differs (
    system      TEXT NOT NULL,
    name        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,            -- as it was found; '' when it was not
    since       INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,         -- by whichever process looked last
    PRIMARY KEY (system, name, fingerprint)
) WITHOUT ROWID;
