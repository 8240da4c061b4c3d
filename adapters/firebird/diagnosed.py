"""What can be wrong with a Firebird database and the way to it, beside what any database can have."""

from typing import Final

from adapters.network import clock, reach
from adapters.network.silence import SERVER_SILENT
from adapters.sql import diagnosed
from contracts.examination import Diagnosis, Level

CLIENT_MISSING: Final = Diagnosis(
    "client-library-missing",
    Level.BROKEN,
    "Firebird's client library is not on this machine",
    "No Firebird database can be reached without it.",
    "Install it: apt install libfbclient2; a container needs it in its image.",
)
ENGINE_MISSING: Final = Diagnosis(
    "engine-missing",
    Level.BROKEN,
    "the database is a local file, and Firebird's engine is not on this machine",
    "A local file can only be opened by the embedded engine.",
    "Install it: apt install firebird3.0-server-core; or name a server: host/port:path.",
)
CHARSET_UNKNOWN: Final = Diagnosis(
    "charset-not-installed",
    Level.BROKEN,
    "the engine does not have the connection's character set",
    "There is no connection at all.",
    "Correct the option charset; if that is right, the engine's folder intl is missing or linked: copy it.",
)
ENCRYPTION_DISAGREED: Final = Diagnosis(
    "encryption-disagreed",
    Level.BROKEN,
    "server and client do not agree on encryption",
    "There is no connection at all.",
    "Set WireCrypt = Enabled in the server's firebird.conf; or, if it cannot encrypt, reach it through a tunnel.",
)
SERVER_OLD: Final = Diagnosis(
    "firebird-too-old",
    Level.WARNING,
    "the server is older than Firebird 3",
    "It does not encrypt, and this release was never tested with it.",
    "Plan an upgrade to Firebird 3 or later; until then test every contract on a sandbox.",
)
SERVER_NEW: Final = Diagnosis(
    "firebird-too-new",
    Level.WARNING,
    "the server is newer than any that this release knows",
    "It may describe statements or types differently.",
    "Look for a newer release of the shim, and test on a sandbox before you rely on it.",
)
READ_ONLY: Final = Diagnosis(
    "database-read-only",
    Level.BROKEN,
    "the database is set to read-only",
    "Nothing can be held, booked or noted.",
    "Find out who set it so and why; its administrator ends it with: gfix -mode read_write DATABASE.",
)
FORCED_WRITES_OFF: Final = Diagnosis(
    "forced-writes-off",
    Level.WARNING,
    "the database does not wait for its disk (forced writes are off)",
    "After a power cut a booking that was confirmed may be gone, or the whole file damaged.",
    "Let its administrator run: gfix -write sync DATABASE.",
)
SANDBOX: Final = Diagnosis(
    "database-is-sandbox",
    Level.WARNING,
    "the configured database is a sandbox, or holds pseudonyms",
    "What is booked or noted there reaches nobody.",
    "If this deployment is for real patients, correct the option that names the database.",
)
PROCEDURE_MISSING: Final = Diagnosis(
    "procedure-missing",
    Level.BROKEN,
    "a stored procedure is not there",
    "The contracts that call it fail.",
    "Let the vendor or the database's owner install the procedures again; an update of the product may have dropped "
    "them.",
)
PROCEDURE_CHANGED: Final = Diagnosis(
    "procedure-changed",
    Level.BROKEN,
    "a stored procedure takes other parameters than we give",
    "The contracts that call it fail.",
    "Ask who changed it; put the site's own call into the folder of the option statements.",
)
WRITER_SELECTS: Final = Diagnosis(
    "writer-selects",
    Level.WARNING,
    "the account that writes may use tables directly, and not only the procedures",
    "Who gets that password can read or change what no procedure would allow.",
    "Let the database's owner revoke its rights on tables; execute on the procedures is all it needs.",
)
ATTACHMENTS_LEFT: Final = Diagnosis(
    "attachments-left",
    Level.WARNING,
    "more connections of our account are open than this configuration makes",
    "They hold back the database's clean-up, which makes it slower from day to day.",
    "Find out which machine they come from in MON$ATTACHMENTS; stop what still runs there.",
)
DIAGNOSES: Final = (
    *reach.DIAGNOSES,
    SERVER_SILENT,
    *(CLIENT_MISSING, ENGINE_MISSING, CHARSET_UNKNOWN, ENCRYPTION_DISAGREED),
    *diagnosed.DIAGNOSES,
    *(SERVER_OLD, SERVER_NEW, READ_ONLY, FORCED_WRITES_OFF, SANDBOX, PROCEDURE_MISSING, PROCEDURE_CHANGED),
    *clock.DIAGNOSES,
    *(WRITER_SELECTS, ATTACHMENTS_LEFT),
)
"""In the order in which an examination looks."""
