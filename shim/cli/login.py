"""Who had logged in when a command was run: its account is the service's for everybody who may become that."""

import os
import pwd
from pathlib import Path
from typing import Final

KERNELS: Final = Path("/proc/self/loginuid")
"""The account that a session began with; the kernel keeps it through sudo and su."""
_NOBODY: Final = 2**32 - 1
"""The kernel's word for a process that no login began, such as a service."""


def logged_in() -> str | None:
    """Return the account by the kernel, else as sudo says it; None if neither knows."""
    try:
        number = int(KERNELS.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no Linux, or a kernel without audit
        number = _NOBODY
    if number == _NOBODY:
        return os.environ.get("SUDO_USER") or None
    return account_named(number)


def account_named(number: int) -> str:
    """Return an account's name, or its number if it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except (KeyError, OverflowError):
        return str(number)
