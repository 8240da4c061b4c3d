"""Masks what is logged: each rendered line, exceptions and stacks included, whoever wrote it.

What somebody wrote cannot look like a line of its own: further lines of a record are indented. Warnings, and exceptions
that nobody caught in any thread, are logged as well: none reaches standard error as it is.
"""

import logging
import re
import sys
import threading
from types import TracebackType
from typing import Final

from shim.guard.masking import mask

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""What a terminal or a reader of lines takes for something else than a character; tabs and newlines are not in it."""
_FURTHER: Final = "\n    "

_log = logging.getLogger(__name__)


class GuardedFormatter(logging.Formatter):
    """Renders as usual, then masks the whole."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked lines of a record."""
        try:
            line = super().format(record)
        except (TypeError, ValueError, KeyError) as error:
            line = f"{record.levelname} {record.name}: {unrendered(record, error)}"
        return _CONTROL.sub(_escaped, mask(line).text).replace("\n", _FURTHER)

    def formatException(  # noqa: N802 - logging's own name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Return a masked traceback: the record keeps it, and another handler would take it from there."""
        return mask(super().formatException(ei)).text

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's own name
        """Return a masked stack."""
        return mask(super().formatStack(stack_info)).text


def unrendered(record: logging.LogRecord, error: Exception) -> str:
    """Return what is told of a record whose arguments do not fit: logging would print them on standard error."""
    return f"{record.msg!r} cannot be rendered: {error}"


def _escaped(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]


def install(level: int = logging.INFO, formatter: GuardedFormatter | None = None) -> None:
    """Log to standard error through the guard, in place of logging.basicConfig; handlers of the root get it too."""
    root = logging.getLogger()
    root.setLevel(level)
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for handler in root.handlers:
        handler.setFormatter(formatter or GuardedFormatter(FORMAT))
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
