-- Who may sign in to the operations page, and who is signed in. Neither is carried: a state that was put back knows
-- nobody, because what was used up or ended since would be good again.

CREATE TABLE admin_link (
    sha256     TEXT COLLATE "C" PRIMARY KEY,          -- tokens are 256 random bits, so a plain hash is enough
    actor      TEXT NOT NULL,             -- who signs in with it
    made_by    TEXT NOT NULL,
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT                    -- it works once
);

CREATE TABLE admin_session (
    sha256     TEXT COLLATE "C" PRIMARY KEY,          -- of the cookie
    id         TEXT COLLATE "C" NOT NULL UNIQUE,      -- shown
    actor      TEXT NOT NULL,
    made_by    TEXT NOT NULL,             -- of the link
    since      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
