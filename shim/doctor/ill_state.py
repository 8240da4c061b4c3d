"""What can be wrong with the state."""

from typing import Final

from contracts.examination import Diagnosis, Level

FOLDER_MISSING: Final = Diagnosis(
    "state-folder-missing",
    Level.BROKEN,
    "the folder of the state does not exist",
    "The service does not start.",
    "Make it, owned by the account that runs shim and closed to others: install -d -m 700 FOLDER.",
)
ON_NETWORK: Final = Diagnosis(
    "state-on-network",
    Level.BROKEN,
    "the state is on a network file system",
    "Its locks and syncs cannot be relied on: two processes could write at once, and what was acknowledged be lost.",
    "Keep it on a disk of this machine, or use PostgreSQL: shim outbox migrate-store.",
)
READ_ONLY: Final = Diagnosis(
    "state-read-only",
    Level.BROKEN,
    "the state cannot be written where it lies",
    "Nothing can be accepted or delivered.",
    "Look at the disk (a disk that fails is often mounted read-only) and at the folder's owner and mode.",
)
FOREIGN: Final = Diagnosis(
    "state-foreign",
    Level.BROKEN,
    "the state or its folder belongs to another account",
    "What this account made beside it the service could not use.",
    "Run shim as the owner: sudo -u OWNER shim; or give it to this account, with everything beside it.",
)
READABLE: Final = Diagnosis(
    "state-readable",
    Level.BROKEN,
    "others on this machine can read or replace the state",
    "Names of systems, times and references can be read, and the file be replaced by another.",
    "Run: chmod 600 FILE; and chmod o-w on its folder.",
)
SQLITE_OLD: Final = Diagnosis(
    "sqlite-old",
    Level.WARNING,
    "this machine's SQLite is older than 3.51.3",
    "In a rare race between two processes it can damage a file in WAL mode, and the state is one.",
    "Upgrade SQLite or the system when you can; keep backups (shim outbox backup); or use PostgreSQL.",
)
DAMAGED: Final = Diagnosis(
    "state-damaged",
    Level.BROKEN,
    "the state cannot be read as a database",
    "Nothing can be accepted or delivered.",
    "Stop everything and put a backup in place: shim outbox restore FILE --reason REASON.",
)
NEWER: Final = Diagnosis(
    "state-newer",
    Level.BROKEN,
    "the state was written by a newer release",
    "This release does not know what is in it, and refuses it.",
    "Run the newer release again; a downgrade needs a backup from before.",
)
OLDER: Final = Diagnosis(
    "state-older",
    Level.WARNING,
    "the state is of an earlier release",
    "The next start brings it up to date, and the earlier release cannot go on with it then.",
    "Stop the earlier release, take a backup (shim outbox backup), then start this one.",
)
PUT_AWAY: Final = Diagnosis(
    "state-put-away",
    Level.BROKEN,
    "this state is not used any more: another one took its place",
    "Whatever it holds was moved or replaced, and would be done twice.",
    "Correct state in the configuration: it moved to PostgreSQL, or a backup lies in its place.",
)
OTHERS: Final = Diagnosis(
    "state-of-another",
    Level.BROKEN,
    "the state belongs to another deployment",
    "References would change, so that a repeat would become a second report.",
    "Correct deployment or state in the configuration; they belong together and are never changed.",
)
OTHER_KEY: Final = Diagnosis(
    "key-of-another-state",
    Level.BROKEN,
    "the state was written with a key that the key file does not have",
    "What waits cannot be opened, so it cannot be delivered.",
    "Put the key file back that belongs to this state; docs/keys.md says what to do if there is none.",
)
UNREACHABLE: Final = Diagnosis(
    "state-unreachable",
    Level.BROKEN,
    "the state's database server cannot be reached",
    "Nothing can be accepted or delivered.",
    "Start PostgreSQL, or correct host and port in state; try it with: psql.",
)
LOGIN: Final = Diagnosis(
    "state-login-refused",
    Level.BROKEN,
    "the state's database server does not let us in",
    "Nothing can be accepted or delivered.",
    "Correct the user in state, and the password in PGPASSWORD or the password file; or pg_hba.conf there.",
)
NO_DATABASE: Final = Diagnosis(
    "state-database-missing",
    Level.BROKEN,
    "the server has no such database",
    "Nothing can be accepted or delivered.",
    "Make it: createdb --encoding UTF8 NAME; or correct state.",
)
SERVER_OLD: Final = Diagnosis(
    "postgresql-too-old",
    Level.BROKEN,
    "the state's PostgreSQL is older than 13",
    "It lacks what the outbox relies on, and gets no corrections any more.",
    "Upgrade it to a version that is still kept up.",
)
NOT_DURABLE: Final = Diagnosis(
    "postgresql-not-durable",
    Level.BROKEN,
    "the state's PostgreSQL does not wait for its disk",
    "After a power cut reports that were acknowledged would be gone.",
    "Set fsync = on and full_page_writes = on in postgresql.conf, and reload it.",
)
ENCODING: Final = Diagnosis(
    "state-encoding",
    Level.BROKEN,
    "the state's database is not in UTF8",
    "It cannot store every character that somebody types.",
    "Make another database with encoding UTF8 and name it in state.",
)
CLOCK: Final = Diagnosis(
    "state-clock-skewed",
    Level.BROKEN,
    "the state's server and this machine do not agree on the time",
    "Attempts come too early or too late, and a worker that lives may be taken for dead.",
    "Let both machines follow a time server; look at this one with: timedatectl.",
)
DIAGNOSES: Final = (
    *(FOLDER_MISSING, ON_NETWORK, READ_ONLY, FOREIGN, READABLE, SQLITE_OLD, DAMAGED, NEWER, OLDER, PUT_AWAY),
    *(OTHERS, OTHER_KEY, UNREACHABLE, LOGIN, NO_DATABASE, SERVER_OLD, NOT_DURABLE, ENCODING, CLOCK),
)
SERVER: Final = """SELECT current_setting('server_version'), current_setting('server_version_num'),
current_setting('fsync'), current_setting('full_page_writes'), current_setting('server_encoding')"""
SERVER_CLOCK: Final = "SELECT extract(epoch FROM clock_timestamp())"
BEGUN: Final = "SELECT to_regclass('migration')::text"
