"""A lock folder of this process's own for the embedded engine, so that it needs no right on the machine's."""

import atexit
import os
import shutil
import tempfile
from typing import Final

from contracts.snapshots import SnapshotRefused

_VARIABLES: Final = ("FIREBIRD_LOCK", "FIREBIRD_TMP")
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
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[_VARIABLES[0]] = folder
        os.environ.setdefault(_VARIABLES[1], folder)
    try:
        fbapi.get_api()
    except Exception as missing:  # the driver raises plain Exception
        raise SnapshotRefused("Firebird's client library is missing: install libfbclient2") from missing
