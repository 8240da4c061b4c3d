"""A lock folder of this process's own for the embedded engine, so that it needs no right on the machine's."""

import atexit
import contextlib
import os
import shutil
import tempfile
from typing import Final

from contracts.snapshots import SnapshotRefused

_VARIABLES: Final = ("FIREBIRD_LOCK", "FIREBIRD_TMP")
_END_MS: Final = 1000
_EXIT: Final = -3
"""fb_shutrsn_exit_called."""
MISSING: Final = "Firebird's embedded engine is missing: install firebird3.0-server-core and libfbclient2"


def prepare_client() -> None:
    """Give the client library a private lock folder, if it is not loaded yet and nobody named one. Idempotent.

    The library reads the variable once. The folder stays until the process ends: whatever it opens later needs it too.

    Raises:
        SnapshotRefused: the driver or its client library is not installed.
    """
    try:
        from firebird.driver import fbapi  # noqa: PLC0415 - a command that touches no database has no use for it
    except ImportError as missing:
        raise SnapshotRefused("the Firebird driver is missing: install firebird-driver") from missing
    if _VARIABLES[0] not in os.environ and not fbapi.has_api():
        folder = tempfile.mkdtemp(prefix="legacy-shim-firebird-")
        atexit.register(_remove, folder)
        os.environ[_VARIABLES[0]] = folder
        os.environ.setdefault(_VARIABLES[1], folder)
    try:
        fbapi.get_api()
    except Exception as missing:  # the driver raises plain Exception
        raise SnapshotRefused("Firebird's client library is missing: install libfbclient2") from missing


def _remove(folder: str) -> None:
    from firebird.driver import fbapi  # noqa: PLC0415 - loaded by now

    # A connection that is still open makes the folder again when the library ends, so the library ends first.
    # The driver raises plain Exception.
    with contextlib.suppress(Exception), fbapi.get_api().fb_get_master_interface().get_dispatcher() as provider:
        provider.shutdown(_END_MS, _EXIT)
    shutil.rmtree(folder, ignore_errors=True)
