"""What every command needs: the configuration, and errors in one line with exit code 2."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from contracts.errors import StateUnavailable
from outbox.database import DurabilityError, NewerSchemaError
from shim.guard import IDENTIFIERS, mask
from shim.settings import ConfigurationError, Settings, load

CONFIG_ENV: Final = "SHIM_CONFIG"
UNUSABLE: Final = 2
"""Exit code when the configuration or the state cannot be used."""

console: Final = Console()
errors: Final = Console(stderr=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what an administrator can mend into one line and exit code 2."""
    try:
        yield
    except (ConfigurationError, DurabilityError, NewerSchemaError) as error:
        raise fail(str(error)) from error
    except StateUnavailable as error:
        raise fail(error.detail) from error


def fail(line: str, code: int = UNUSABLE) -> typer.Exit:
    """Print one line on standard error, guarded: it may quote a backend. The caller raises what is returned."""
    typer.echo(f"shim: {mask(line, IDENTIFIERS).text}", err=True)
    return typer.Exit(code)


def beyond(text: str) -> str:
    """Say of an age, or of a moment, that no clock reaches so far; it goes to `fail`."""
    return f"{text!r} is more than any clock can tell; write less"


def settings(ctx: typer.Context) -> Settings:
    """Read the configuration that the command line chose."""
    path: Path = ctx.obj
    return load(path)


def print_json(value: Mapping[str, Any] | Sequence[Any] | JsonValue) -> None:
    """Print for a program: one JSON value, times in RFC 3339."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain, indent=2))


def cells(*values: str) -> list[Text]:
    """Return the cells of a row as they are: a bracket in somebody's reason is no markup."""
    return [Text(value) for value in values]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
