"""The command `shim`."""

import sys


def main() -> None:
    """Run the command."""
    # Not at the top: a worker process imports the script that started the service, and needs no command line for it.
    from shim.cli.commands import app  # noqa: PLC0415

    sys.exit(app())
