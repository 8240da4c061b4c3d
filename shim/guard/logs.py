"""Masks what is logged: each rendered line, exceptions and stacks included, whoever wrote it.

Warnings, and exceptions that nobody caught in any thread, are logged as well: none reaches standard error as
it is.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Final

from shim.guard.masking import mask

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_log = logging.getLogger(__name__)


class GuardedFormatter(logging.Formatter):
    """Renders as usual, then masks the whole."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked lines of a record."""
        try:
            line = super().format(record)
        except (TypeError, ValueError, KeyError) as error:
            # logging would print the arguments on standard error, as they are.
            line = f"{record.levelname} {record.name}: {record.msg!r} cannot be rendered: {error}"
        return mask(line).text

    def formatException(  # noqa: N802 - logging's own name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Return a masked traceback: the record keeps it, and another handler would take it from there."""
        return mask(super().formatException(ei)).text

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's own name
        """Return a masked stack."""
        return mask(super().formatStack(stack_info)).text


def install(level: int = logging.INFO) -> None:
    """Log to standard error through the guard, in place of logging.basicConfig; handlers of the root get it too."""
    root = logging.getLogger()
    root.setLevel(level)
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in root.handlers:
        handler.setFormatter(GuardedFormatter(_FORMAT))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log.critical("uncaught", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread else "?"
        _log.critical("uncaught in thread %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        _log.error(
            "%s %r",
            args.err_msg or "ignored in",
            args.object,
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )
