-- What says how a backend is spoken to, as it was accepted, and what differs from that now.

CREATE TABLE description (
    system      TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,            -- of a file, without its folder, or of what the backend serves
    fingerprint TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    accepted_by TEXT NOT NULL,
    reason      TEXT NOT NULL,
    PRIMARY KEY (system, name)
);

CREATE TABLE description_differs (
    system      TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,            -- as it was found; '' when it was not
    since       BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,         -- by whichever process looked last
    PRIMARY KEY (system, name, fingerprint)
);
