-- Holds for backends that have none, and what limits how often somebody may ask who a person is.
-- Times are milliseconds since 1970 in UTC; what expires here does so by the database's own clock.

-- The database's clock. julianday counts days since noon of 24 November 4714 BC; 1970 began 2,440,587.5 days after it.
CREATE VIEW clock AS SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS ms;

CREATE TABLE hold (
    system       TEXT NOT NULL,
    slot         TEXT NOT NULL,           -- the backend's key; an agenda's times are nobody's secret
    holder       TEXT NOT NULL,           -- external reference of the call that holds
    resource     TEXT NOT NULL,           -- who or what cannot be in two places
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    patient      TEXT NOT NULL,           -- blinded
    client       TEXT NOT NULL,           -- blinded
    conversation TEXT,                    -- blinded: a client may have put a telephone number in it
    expires_at   INTEGER NOT NULL,
    held_until   INTEGER NOT NULL,        -- what the hold got; a claim may have prolonged expires_at
    claimed      INTEGER NOT NULL DEFAULT 0,  -- it is being booked: prolonged once, and no other hold releases it
    PRIMARY KEY (system, slot, holder)
) WITHOUT ROWID;

CREATE INDEX hold_by_end ON hold (expires_at);

-- 1: the last attempt of this write certainly was not executed, so the next one is as good as the first.
ALTER TABLE idempotency ADD COLUMN not_executed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE identity_attempt (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: an attempt is given back by it
    subject TEXT NOT NULL,                -- blinded: system and telephone number, or another fact
    at      INTEGER NOT NULL
);

CREATE INDEX identity_attempt_by_subject ON identity_attempt (subject, at);
CREATE INDEX identity_attempt_by_age ON identity_attempt (at);

CREATE TABLE identity_person (
    client  TEXT NOT NULL,
    subject TEXT NOT NULL,                -- blinded: system and the backend's key of a person
    at      INTEGER NOT NULL,             -- when the client last resolved this person
    PRIMARY KEY (client, subject)
) WITHOUT ROWID;

CREATE INDEX identity_person_by_age ON identity_person (at);
