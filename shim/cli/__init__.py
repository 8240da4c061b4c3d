"""The command `shim`."""

import logging
import sys
from typing import Final

_DEFECT: Final = 1


def main() -> None:
    """Run the command. What it logs, and a defect's traceback, go through the guard."""
    # Not at the top: a worker process imports the script that started the service, and needs no command line for it.
    from shim.cli.commands import app  # noqa: PLC0415
    from shim.guard import install  # noqa: PLC0415

    install(logging.WARNING)
    try:
        sys.exit(app())
    except Exception:
        # Not left to the interpreter: typer puts a hook of its own in place, which prints messages as they are.
        logging.getLogger(__name__).critical("a defect in the shim", exc_info=True)
        sys.exit(_DEFECT)
