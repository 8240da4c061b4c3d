"""What can be wrong with a database that is a copy and only read, beside what any database can have."""

from typing import Final

from adapters.network import clock, reach
from adapters.network.silence import SERVER_SILENT
from adapters.sql import diagnosed
from contracts.examination import Diagnosis, Level

CHARSET_UNSAFE: Final = Diagnosis(
    "charset-unknown",
    Level.BROKEN,
    "the database does not know its own character set (SQL_ASCII)",
    "Names come back as bytes, and nobody can tell for certain which characters they are.",
    "Make the replica anew with ENCODING 'UTF8', after asking which character set its bytes are of.",
)
LAGGING: Final = Diagnosis(
    "replica-lagging",
    Level.WARNING,
    "the read replica is behind",
    "Lists and look-ups show how it was; what was just written is not found in them.",
    "Look at the replication on the replica's server: has it stopped, or is it slow.",
)
DIAGNOSES: Final = (
    *reach.DIAGNOSES,
    SERVER_SILENT,
    *diagnosed.DIAGNOSES,
    CHARSET_UNSAFE,
    LAGGING,
    *clock.DIAGNOSES,
)
