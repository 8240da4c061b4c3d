"""The configuration: whether it can be read, by whom, and whether each system's part can be used."""

import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from contracts.examination import Diagnosis, Level, Step
from shim.settings import Settings, explain

MISSING: Final = Diagnosis(
    "configuration-missing",
    Level.BROKEN,
    "the configuration cannot be read",
    "Nothing starts without it.",
    "Name the file with --config or SHIM_CONFIG, or make one: shim init.",
)
NOT_TOML: Final = Diagnosis(
    "configuration-not-toml",
    Level.BROKEN,
    "the configuration is no valid TOML",
    "Nothing starts with it.",
    "Mend the line that is named below.",
)
INVALID: Final = Diagnosis(
    "configuration-invalid",
    Level.BROKEN,
    "the configuration has an unknown key or a value that cannot be",
    "Nothing starts with it.",
    "Mend the keys that are named below; docs/reference.md has all of them.",
)
READABLE: Final = Diagnosis(
    "configuration-readable",
    Level.BROKEN,
    "others on this machine can read the configuration, and it holds secrets",
    "Whoever has an account here can have the passwords of the systems.",
    "Run: chmod 600 FILE; or move the secrets into files or the environment.",
)
NO_SYSTEM: Final = Diagnosis(
    "no-system",
    Level.BROKEN,
    "no system is configured",
    "The service does not start: there is nothing behind it.",
    "Add a section [systems.NAME]; shim init asks for what it needs.",
)
DIAGNOSES: Final = (MISSING, NOT_TOML, INVALID, READABLE, NO_SYSTEM)

_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH
_SECRET: Final = ("password", "secret", "token")


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration as far as it can be used, and the steps of reading it."""

    settings: Settings | None
    steps: tuple[Step, ...]


def read(path: Path) -> Configured:
    """Read the configuration and say everything that is wrong with it."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return Configured(None, (Step("file", (MISSING.found(f"{path}: {error.strerror}"),)),))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Configured(None, (Step("file", (NOT_TOML.found(f"{path}: {error}"),)),))
    first = _file(path, values)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        return Configured(None, (first, Step("values", (INVALID.found(explain(error)),))))
    systems = () if settings.systems else (NO_SYSTEM.found(),)
    told = f"deployment {settings.deployment}, {len(settings.systems)} system{'s' * (len(settings.systems) != 1)}"
    return Configured(settings, (first, Step("values", systems, told)))


def _file(path: Path, values: Mapping[str, Any]) -> Step:
    mode = stat.S_IMODE(path.stat().st_mode)
    secrets = sorted(_secrets(values))
    if mode & _OTHERS and secrets:
        return Step("file", (READABLE.found(f"{path} has mode {mode:o}: {', '.join(secrets)}"),))
    return Step("file", told=str(path))


def _secrets(values: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield the names of keys that hold a secret, never a value."""
    for name, value in values.items():
        whole = f"{at}.{name}" if at else name
        if isinstance(value, Mapping):
            yield from _secrets(value, whole)
        elif isinstance(value, str) and value and (name.endswith(_SECRET) or _has_password(value)):
            yield whole


def _has_password(value: str) -> bool:
    try:
        return "://" in value and urlsplit(value).password is not None
    except ValueError:
        return False
