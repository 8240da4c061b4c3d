"""What can be wrong with an ODBC driver and what it stands on: the driver's traps, as they were met."""

from typing import Final

from contracts.examination import Diagnosis, Level

POOLING: Final = Diagnosis(
    "odbc-pooling",
    Level.BROKEN,
    "the ODBC driver manager pools connections (Pooling=Yes)",
    "A connection would serve two requests, and a transaction that somebody left open would go on in the next.",
    "Set Pooling=No in the section [ODBC] of that file.",
)
DRIVER_UNKNOWN: Final = Diagnosis(
    "odbc-driver-unknown",
    Level.BROKEN,
    "the driver manager has no driver of that name",
    "There is no connection at all.",
    "Register it in odbcinst.ini (odbcinst -i -d -f FILE), or write the file of its library into odbc_driver.",
)
DRIVER_MISSING: Final = Diagnosis(
    "odbc-driver-missing",
    Level.BROKEN,
    "the driver's library is not where it is said to be",
    "There is no connection at all.",
    "Install the driver, or correct Driver= in its section of odbcinst.ini.",
)
DRIVER_UNLOADABLE: Final = Diagnosis(
    "odbc-driver-unloadable",
    Level.BROKEN,
    "the driver's library cannot be loaded",
    "There is no connection at all.",
    "Look at what it needs (ldd FILE); it must be built for this machine, and as an ANSI driver.",
)
CLIENT_UNPINNED: Final = Diagnosis(
    "odbc-client-unpinned",
    Level.BROKEN,
    "the client library that the driver uses cannot be kept loaded",
    "The driver unloads it at each close, which takes 50 ms and crashes when two threads do it.",
    "Install it under the name that its run-time package gives it: apt install libfbclient2.",
)
CHARSET_CUTS: Final = Diagnosis(
    "odbc-charset-cuts",
    Level.BROKEN,
    "the connection's character set is UTF8 over ODBC",
    "The driver cuts a CHAR(n) column to n bytes, in the middle of a name.",
    "Set charset (or CHARSET= in odbc.ini) to the columns' own character set, such as WIN1252.",
)
LOCKTIMEOUT: Final = Diagnosis(
    "odbc-locktimeout-ignored",
    Level.WARNING,
    "odbc.ini sets LOCKTIMEOUT, which the driver ignores on Firebird 3",
    "Who relies on it waits for a lock without end.",
    "Write NOWAIT=Y in its place.",
)
DIAGNOSES: Final = (
    *(POOLING, DRIVER_UNKNOWN, DRIVER_MISSING, DRIVER_UNLOADABLE, CLIENT_UNPINNED, CHARSET_CUTS, LOCKTIMEOUT),
)
