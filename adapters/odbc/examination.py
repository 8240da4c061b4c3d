"""Examines what an ODBC driver stands on: the driver manager's files, the driver itself, and its known traps."""

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as Unreadable
from pathlib import Path
from typing import Final

from adapters.odbc.diagnosed import (
    CHARSET_CUTS,
    CLIENT_UNPINNED,
    DRIVER_MISSING,
    DRIVER_UNKNOWN,
    DRIVER_UNLOADABLE,
    LOCKTIMEOUT,
    POOLING,
)
from adapters.odbc.dialect import CLIENT
from adapters.odbc.pooling import SYSTEM_FOLDER, pooling_enabled
from contracts.examination import Finding, Step

_UTF8: Final = frozenset({"UTF8", "UTF-8", "UNICODE_FSS"})


def examine(
    driver: str,
    charset: str,
    environment: Mapping[str, str] = os.environ,
    load: Callable[[str], object] = ctypes.CDLL,
) -> Iterator[Step]:
    """Look at the driver manager's files and load the driver's library; connects to nothing.

    Args:
        driver: its name in odbcinst.ini, or the file of its library.
        charset: Firebird's name of the connection's character set.
        environment: where the files are.
        load: loads a library.
    """
    pooled = pooling_enabled(environment)
    yield Step("driver manager", () if pooled is None else (POOLING.found(str(pooled)),))
    yield _driver(driver, environment, load)
    yield _client(load)
    cuts = (CHARSET_CUTS.found(f"option charset {charset}"),) if charset.upper() in _UTF8 else ()
    yield Step("data sources", (*cuts, *_sources(driver, environment)))


def _driver(driver: str, environment: Mapping[str, str], load: Callable[[str], object]) -> Step:
    place = Path(driver)
    if not place.is_absolute():
        named = _section(_ini(environment, "ODBCINSTINI", "odbcinst.ini"), driver)
        if named is None:
            return Step("driver", (DRIVER_UNKNOWN.found(f"{driver!r} in odbcinst.ini"),))
        place = Path(named.get("driver64") or named.get("driver") or "")
    # A name without a folder is looked for by the loader itself.
    if place.is_absolute() and not place.is_file():
        return Step("driver", (DRIVER_MISSING.found(str(place)),))
    try:
        load(str(place))
    except OSError as error:
        return Step("driver", (DRIVER_UNLOADABLE.found(f"{place}: {str(error)[:160]}"),))
    return Step("driver", told=str(place))


def _client(load: Callable[[str], object]) -> Step:
    try:
        load(CLIENT)
    except OSError:
        return Step("client library", (CLIENT_UNPINNED.found(CLIENT),))
    return Step("client library", told=CLIENT)


def _sources(driver: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    for path in (_ini(environment, "ODBCINI", "odbc.ini"), Path(environment.get("HOME") or "/home") / ".odbc.ini"):
        found = _read(path)
        for name in found.sections():
            entry = found[name]
            if entry.get("driver", "").lower() != driver.lower():
                continue
            if (entry.get("charset") or entry.get("characterset") or "").upper() in _UTF8:
                yield CHARSET_CUTS.found(f"[{name}] of {path}")
            if entry.get("locktimeout"):
                yield LOCKTIMEOUT.found(f"[{name}] of {path}")


def _ini(environment: Mapping[str, str], variable: str, usual: str) -> Path:
    name = environment.get(variable) or usual
    if variable == "ODBCINI" and name.startswith("/"):
        return Path(name)
    return Path(f"{environment.get('ODBCSYSINI') or SYSTEM_FOLDER}/{name}")  # joined as text, as the manager does


def _section(path: Path, name: str) -> Mapping[str, str] | None:
    found = _read(path)
    return next((found[section] for section in found.sections() if section.lower() == name.lower()), None)


def _read(path: Path) -> ConfigParser:
    found = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        found.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, Unreadable):
        return ConfigParser()
    return found
