"""What may be stored, and what may be logged, of what an adapter said or did."""

import logging
import traceback
from typing import Final

_REASON_MAX: Final = 500
"""Characters of a reason that are kept."""

_log = logging.getLogger(__name__)


def storable(reason: str) -> str:
    """Return a reason as it can be stored: not endless, and no halves of characters."""
    return reason[:_REASON_MAX].encode("utf-8", "replace").decode()


def log_defect(where: str, error: Exception) -> None:
    """Log a defect without its message, which may quote what a person wrote."""
    _log.error("outbox: %s in %s\n%s", type(error).__name__, where, "".join(traceback.format_tb(error.__traceback__)))
