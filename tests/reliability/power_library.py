"""The preloaded library that stands between a program and its disk: built from source, and how to start with it."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCES = [str(Path(__file__).with_name(name)) for name in ("power_disk.c", "power_unseen.c")]
CUT = 86
"""Exit code of a program whose power was cut."""


class CompilerMissing(Exception):
    """Raised when there is no C compiler."""


def build_library(folder: Path) -> Path:
    """Build the library and return its path.

    Raises:
        CompilerMissing: deploy/setup.sh dev has not been run.
    """
    if shutil.which("cc") is None:
        raise CompilerMissing("there is no C compiler; run: deploy/setup.sh dev")
    library = folder / "power_disk.so"
    options = ["-shared", "-fPIC", "-O2", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra", "-Werror", "-pthread"]
    subprocess.run(["cc", *options, "-o", str(library), *SOURCES], check=True, timeout=60)
    return library


def environment(library: Path, **settings: Path | str | int) -> dict[str, str]:
    """Return our environment with the library preloaded; `settings` are its POWER_ variables, in lower case."""
    told = {f"POWER_{name.upper()}": str(value) for name, value in settings.items()}
    return {**os.environ, "LD_PRELOAD": str(library), **told}
