import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest

from shim.guard import GuardedFormatter, install

BSN = "999911120"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What reaches standard error while the guard is installed in a process without handlers."""
    stream = io.StringIO()
    root = logging.getLogger()
    level = root.level
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(root, "handlers", [])
    for hooks, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(hooks, name, getattr(hooks, name))
    install(logging.INFO)
    yield stream
    logging.captureWarnings(False)
    root.setLevel(level)


def fail() -> None:
    raise ValueError(f"cannot read {BSN[:4]}\n{BSN[4:]}")


def test_each_line_is_masked(lines: io.StringIO) -> None:
    """Arguments, whoever logs: uvicorn's loggers have no handlers of their own without its configuration."""
    logging.getLogger("uvicorn.error").info("patient %s at %d", BSN, 8080)
    assert lines.getvalue().endswith(" INFO uvicorn.error: patient [BSN] at 8080\n")
    assert "[BSN]" not in lines.getvalue().split(" INFO ")[0]


def test_exceptions_and_stacks_are_masked(lines: io.StringIO) -> None:
    """Also those that nobody caught, in any thread, and what their causes say."""
    try:
        fail()
    except ValueError:
        logging.getLogger("x").exception("refused", stack_info=True)
        sys.excepthook(*sys.exc_info())
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    written = lines.getvalue()
    assert written.count("ValueError: cannot read [BSN]") == 3
    assert "Stack (most recent call last)" in written
    assert BSN[4:] not in written


def test_warnings_are_masked(lines: io.StringIO) -> None:
    """They are logged, and not printed as they are."""
    # pytest takes warnings itself, anew for each test: the fixture's installation saw another one.
    logging.captureWarnings(False)
    install()
    warnings.simplefilter("always")
    warnings.warn(f"odd {BSN}", stacklevel=1)
    assert "UserWarning: odd [BSN]" in lines.getvalue()
    assert BSN not in lines.getvalue()


def test_what_cannot_be_rendered_shows_no_arguments() -> None:
    """The logging module would print them on standard error."""
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "number %d", (f"{BSN}x",), None)
    line = GuardedFormatter("%(message)s").format(record)
    assert line.startswith("ERROR x: 'number %d' cannot be rendered")
    assert BSN not in line


def test_what_a_record_keeps_is_masked() -> None:
    """A handler behind another one takes the rendered traceback from the record."""
    try:
        fail()
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "m", None, sys.exc_info(), "f", f"stack {BSN}")
    line = GuardedFormatter("%(message)s").format(record)
    assert record.exc_text is not None
    assert "cannot read [BSN]" in record.exc_text
    assert line.endswith("stack [BSN]")


def test_handlers_of_the_root_are_guarded(lines: io.StringIO) -> None:
    """Those that were there before keep writing where they wrote."""
    other = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(other))
    install(logging.WARNING)
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").warning("loud %s", BSN)
    assert other.getvalue().endswith("x: loud [BSN]\n")
    assert lines.getvalue().count("loud [BSN]") == 1
    assert "quiet" not in lines.getvalue()
