"""Whoever takes a connection and then says nothing, or something else than was to be expected."""

from typing import Final

from contracts.examination import Diagnosis, Level

SERVER_SILENT: Final = Diagnosis(
    "server-silent",
    Level.BROKEN,
    "the port takes connections, and the backend does not answer there",
    "A service hangs or is another one: every call waits for its whole time-out and then fails.",
    "Look at the backend's service and its log; check that nothing else listens on that port.",
)
