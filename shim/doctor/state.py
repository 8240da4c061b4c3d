"""The state: where it lies, whose it is, whether this release and this key can go on with it, and its server."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Final

from contracts.errors import StateUnavailable
from contracts.examination import Finding, Step
from outbox import schema
from outbox.database import URL_PREFIXES
from outbox.sqlite import filesystem
from outbox.sqlite.ownership import StateRefused, check_place
from shim.doctor import ill_state as ill
from shim.doctor.machine import Machine
from shim.doctor.reading import Reading, reading_file, reading_server
from shim.keys import Key, keyed
from shim.keys import file as key_file
from shim.settings import ConfigurationError, Settings
from shim.state import PACKAGES
from shim.state import SQL as STATE

_SAFE_SQLITE: Final = (3, 51, 3)
_OLDEST_SERVER: Final = 130000
_TOLERATED: Final = timedelta(seconds=5)
"""Owners of entries are told dead or alive by the server's clock, and next attempts are due by ours."""
_CURRENT_S: Final = 2.0


def opened(settings: Settings) -> AbstractContextManager[Reading]:
    """Return the state, opened for reading alone."""
    file = settings.state_file
    return reading_server(settings.state) if file is None else reading_file(file)


def look(settings: Settings, machine: Machine) -> Iterator[Step]:
    """Look at the state; make and change nothing."""
    file = settings.state_file
    if file is not None:
        yield _place(file)
        yield _engine(machine)
        if not file.exists() or not file.stat().st_size:
            yield Step("contents", told=f"{file} is made at the first start")
            return
    try:
        with opened(settings) as reading:
            if file is None:
                yield from _server(reading, machine)
                if not _has_begun(reading):
                    yield Step("contents", told="the tables are made at the first start")
                    return
            yield _contents(settings, reading)
    except StateUnavailable as error:
        yield Step("opening", (_refused(settings, error.detail),))


def is_current(settings: Settings) -> bool:
    """Whether the state is there, whole, and at this release's version: opening it would change nothing in it.

    False, too, when that cannot be told within two seconds: a name that is looked up, or several servers of which none
    answers, must not take the time in which the systems are examined.
    """
    told: list[bool] = []
    # A daemon: looking a name up has no time-out of its own.
    looking = threading.Thread(target=lambda: told.append(_is_current(settings)), name="doctor state", daemon=True)
    looking.start()
    looking.join(_CURRENT_S)
    return told == [True]


def _is_current(settings: Settings) -> bool:
    file = settings.state_file
    if not settings.master_key.exists() or (file is not None and not (file.exists() and file.stat().st_size)):
        return False
    try:
        with opened(settings) as reading:
            return not list(_versions(reading)) and bool(reading.read(STATE["select_deployment"]))
    except (StateUnavailable, OSError):
        return False


def _has_begun(reading: Reading) -> bool:
    ((there,),) = reading.read(ill.BEGUN)
    return there is not None


def _place(file: Path) -> Step:
    folder = file.parent
    if not folder.is_dir():
        return Step("place", (ill.FOLDER_MISSING.found(str(folder)),))
    kind = filesystem.kind_of(file)
    if kind is not None and filesystem.is_network(kind):
        return Step("place", (ill.ON_NETWORK.found(f"{file} is on {kind}"),))
    return Step("place", tuple(_rights(file, folder)), f"{file} on {kind or 'a disk'}")


def _rights(file: Path, folder: Path) -> Iterator[Finding]:
    if os.statvfs(folder).f_flag & os.ST_RDONLY or not os.access(folder, os.W_OK):
        yield ill.READ_ONLY.found(f"{folder} cannot be written by this account")
        return
    try:
        check_place(file)
    except StateRefused as error:
        ours = not file.exists() or file.stat().st_uid == os.geteuid()
        shut = file.exists() and not stat.S_IMODE(file.stat().st_mode) & 0o077
        yield (ill.FOREIGN if shut or not ours or not file.exists() else ill.READABLE).found(str(error))
    else:
        if file.exists() and not os.access(file, os.W_OK):
            yield ill.READ_ONLY.found(f"{file} cannot be written by this account")


def _engine(machine: Machine) -> Step:
    version = ".".join(map(str, machine.sqlite))
    old = (ill.SQLITE_OLD.found(f"SQLite {version}"),) if machine.sqlite < _SAFE_SQLITE else ()
    return Step("SQLite", old, version)


def _contents(settings: Settings, reading: Reading) -> Step:
    wrong = list(_versions(reading))
    if any(finding.diagnosis in {ill.NEWER, ill.PUT_AWAY} for finding in wrong):
        return Step("contents", tuple(wrong))
    try:
        rows = reading.read(STATE["select_deployment"])
        needed = {row["id"]: row["fingerprint"] for row in reading.read(keyed.SQL["list_keys"])}
    except StateUnavailable:  # a state of an earlier release has not all of these tables
        return Step("contents", tuple(wrong), "of an earlier release")
    others = [row["name"] for row in rows if row["name"] != settings.deployment]
    wrong += [ill.OTHERS.found(f"it is of {name!r}, and this is {settings.deployment!r}") for name in others]
    wrong += _keys(settings, needed)
    return Step("contents", tuple(wrong), "at this release's version" if not wrong else "")


def _keys(settings: Settings, needed: dict[str, str]) -> Iterator[Finding]:
    try:
        there = [Key(secret) for secret in key_file.read(settings.master_key).secrets]
    except (ConfigurationError, OSError):
        return  # told where the files are looked at
    if lost := keyed.missing(needed, there):
        yield ill.OTHER_KEY.found(f"it needs {', '.join(lost)}")


def _versions(reading: Reading) -> Iterator[Finding]:
    for package in PACKAGES:
        done = {int(row["number"]) for row in reading.read(schema.RECORDED, package=package)}
        newest = schema.version(package, reading.dialect)
        if schema.PUT_AWAY in done:
            yield ill.PUT_AWAY.found(reading.where)
            return
        if done and max(done) > newest:
            yield ill.NEWER.found(f"{package} {max(done)}, this release knows {newest}")
        elif done != set(range(1, newest + 1)):
            yield ill.OLDER.found(f"{package} {max(done, default=0)}, this release has {newest}")


def _server(reading: Reading, machine: Machine) -> Iterator[Step]:
    ((version, number, fsync, pages, encoding),) = reading.read(ill.SERVER)
    findings = []
    if int(number) < _OLDEST_SERVER:
        findings.append(ill.SERVER_OLD.found(f"PostgreSQL {version}"))
    if "off" in {fsync, pages}:
        findings.append(ill.NOT_DURABLE.found(f"fsync={fsync}, full_page_writes={pages}"))
    if encoding != "UTF8":
        findings.append(ill.ENCODING.found(str(encoding)))
    yield Step("server", tuple(findings), f"PostgreSQL {version}")
    ((seconds,),) = reading.read(ill.SERVER_CLOCK)
    ahead = float(seconds) - machine.clock().timestamp()
    skewed = abs(ahead) > _TOLERATED.total_seconds()
    side = "ahead of us" if ahead > 0 else "behind us"
    yield Step("clock", (ill.CLOCK.found(f"{abs(ahead):.0f} s {side}"),) if skewed else (), f"{abs(ahead):.1f} s apart")


def _refused(settings: Settings, why: str) -> Finding:
    if not settings.state.startswith(URL_PREFIXES):
        return ill.DAMAGED.found(f"{settings.state}: {why}")
    if any(word in why for word in ("authentication", "password", "role ", "no pg_hba")):
        return ill.LOGIN.found(why)
    if "does not exist" in why:
        return ill.NO_DATABASE.found(why)
    return ill.UNREACHABLE.found(why)
