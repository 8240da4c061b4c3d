"""Finds out whether the driver manager pools connections: it then hands old ones out as new, and no program can tell.

pyodbc's own `pooling` changes nothing on unixODBC; `Pooling` in the section `[ODBC]` of odbcinst.ini decides.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SYSTEM_FOLDER: Final = Path("/etc")
"""Where Debian's driver manager has its odbcinst.ini; pyodbc's wheel for Linux links to Debian's (seen at 5.5.0)."""

REMEDY: Final = "set Pooling=No in its section [ODBC]; a pooled connection would be used twice"
_TRUE: Final = ("1", "y", "on", "t")  # unixODBC itself knows no `true`; who wrote it meant it


def pooling_enabled(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the odbcinst.ini that switches pooling on, or None.

    The driver manager reads `$ODBCSYSINI/$ODBCINSTINI` (default `/etc/odbcinst.ini`), then `$HOME/.odbcinst.ini`; the
    first section `[ODBC]` that it meets counts, whether it mentions pooling or not.
    """
    for path in _files(environment):
        value = _pooling(path)
        if value is not None:
            return path if value.lower().startswith(_TRUE) else None
    return None


def _files(environment: Mapping[str, str]) -> tuple[Path, ...]:
    folder = environment.get("ODBCSYSINI") or str(SYSTEM_FOLDER)
    # Joined as text, because the driver manager does so even when the name begins with a slash.
    system = Path(f"{folder}/{environment.get('ODBCINSTINI') or 'odbcinst.ini'}")
    return system, Path(environment.get("HOME") or "/home") / ".odbcinst.ini"


def _pooling(path: Path) -> str | None:
    """Return the value of Pooling in this file's section [ODBC], empty by default; None when it has no such section."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    inside = False
    for line in lines:
        if line.startswith("["):
            if inside:
                return ""
            inside = line[1:].partition("]")[0].strip().lower() == "odbc"
        elif inside and not line.startswith(("#", ";", " ", "\t")):
            key, _, value = line.partition("=")
            if key.strip().lower() == "pooling":
                return value.strip()
    return "" if inside else None
