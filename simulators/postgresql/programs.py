"""Where PostgreSQL's programs are, and the account that runs them: the server refuses to run as root."""

import os
import pwd
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulators.choice import NotThere

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_PROGRAMS: Final = "usr/lib/postgresql/*/bin"
_PLACES: Final = (REPOSITORY / ".cache" / "postgresql", Path("/"))


class PostgresMissing(NotThere):
    """Raised when PostgreSQL's programs are not there, in one line that says what to do."""


def programs() -> Path:
    """Return the folder of `initdb` and `postgres`, the highest version of the first place that has them.

    Raises:
        PostgresMissing: neither $POSTGRESQL_BIN, nor the repository's cache, nor the system has them.
    """
    folders = [Path(named)] if (named := os.environ.get("POSTGRESQL_BIN")) else []
    for place in _PLACES:
        folders += sorted(place.glob(_PROGRAMS), key=lambda found: float(found.parent.name), reverse=True)
    for folder in folders:
        if all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            return folder
    raise PostgresMissing("PostgreSQL's programs are missing: run `deploy/setup.sh dev`, or set POSTGRESQL_BIN")


def account() -> dict[str, Any]:
    """Return how to start a program as `nobody` when we are root; nothing when we are not."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def readable(source: Path, folder: Path) -> Path:
    """Return the programs where `nobody` can read them: a copy when a folder above them keeps others out."""
    if all(parent.stat().st_mode & 0o001 for parent in source.resolve().parents):
        return source
    version = source.parent.name
    prefix = source.resolve().parents[4]
    for part in (f"usr/lib/postgresql/{version}", f"usr/share/postgresql/{version}"):
        shutil.copytree(prefix / part, folder / part, ignore=shutil.ignore_patterns("bitcode", "man"))
    return folder / "usr" / "lib" / "postgresql" / version / "bin"


def environment() -> Mapping[str, str]:
    """Return our environment without what would tell PostgreSQL about another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
