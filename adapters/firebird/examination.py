"""Examines a Firebird database step by step: the way to it, each account, what it tells of itself, each statement."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from adapters.firebird.address import Address
from adapters.firebird.charset import codec_of
from adapters.firebird.diagnosed import (
    ATTACHMENTS_LEFT,
    FORCED_WRITES_OFF,
    READ_ONLY,
    SANDBOX,
    SERVER_NEW,
    SERVER_OLD,
    WRITER_SELECTS,
)
from adapters.firebird.looking import Account, Attached, Facts, Looked, look
from adapters.network.clock import compared
from adapters.network.reach import reach
from adapters.network.silence import SERVER_SILENT
from adapters.sql.apart import Hung, apart
from adapters.sql.diagnosed import CHARSET_DIFFERS, DATABASE_MISSING, READER_WRITES, TEXT_UNDECODABLE
from contracts.examination import NO_ANSWER, Examination, Finding, Step

_OLDEST: Final = 3
_NEWEST: Final = 5
_ANY: Final = frozenset({"NONE", "OCTETS", "ASCII"})
"""Character sets that say nothing of what programs stored."""
_PRELOAD: Final = ("firebird.driver",)
_PORT_S: Final = 3.0
_MARGIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Examined:
    """One database and what is expected of it.

    Attributes:
        accounts: the reader first.
        charset: Firebird's name of the character set that texts are taken to be in.
        zone: of the times in the database.
        attached_most: more connections of one account than this are nobody's of today.
    """

    address: Address
    accounts: tuple[Account, ...]
    charset: str
    zone: ZoneInfo
    attached_most: int


def examine(examined: Examined, examination: Examination) -> Iterator[Step]:
    """Yield the steps; ends by `examination.until`, whatever the driver does."""
    broken = False
    for step in _way(examined.address, examination.until):
        broken = broken or step.is_broken
        yield step
    if broken:
        yield from (
            Step(f"log-in of {account.user}", skipped="there is no way to the database")
            for account in examined.accounts
        )
        return
    looked = Looked(examined.accounts, examined.address.host is None)
    try:
        for told in apart(look, looked, examination.until - _MARGIN_S, _PRELOAD):
            if isinstance(told, Step):
                yield told
            elif isinstance(told, Facts):
                yield from judged(examined, told, examination)
            elif isinstance(told, Attached):
                yield _attachments(told, examined.attached_most)
    except Hung as hung:
        silent = hung.step.startswith("log-in") and examined.address.host is not None
        diagnosis = SERVER_SILENT if silent else NO_ANSWER
        yield Step(hung.step, (diagnosis.found(examined.address.dsn),))


def _way(address: Address, until: float) -> Iterator[Step]:
    if address.host is not None:
        yield from reach(address.host.strip("[]"), address.port, min(until, time.monotonic() + _PORT_S))
        return
    # A bare name may be an alias, which only the engine knows.
    path = Path(address.path)
    if path.is_absolute() and not path.is_file():
        yield Step("file", (DATABASE_MISSING.found(f"there is no file {path}"),))
    else:
        yield Step("file", told=address.path)


def judged(examined: Examined, facts: Facts, examination: Examination) -> Iterator[Step]:
    """Yield what the database's own facts mean, against what is expected of it."""
    yield Step("database", tuple(_settings(facts)), f"Firebird {facts.engine}, structure {facts.ods}")
    yield Step("character set", tuple(_texts(examined.charset, facts)), examined.charset)
    ours = examination.clock().astimezone(examined.zone).replace(tzinfo=None)
    yield Step("clock", compared(facts.now, ours), f"{facts.now:%H:%M:%S} in {examined.zone.key}")
    yield Step("rights", tuple(_rights(examined.accounts, facts.rights)))


def _settings(facts: Facts) -> Iterator[Finding]:
    major = int(facts.engine.split(".")[0]) if facts.engine[:1].isdigit() else _OLDEST
    if major < _OLDEST:
        yield SERVER_OLD.found(facts.engine)
    if major > _NEWEST:
        yield SERVER_NEW.found(facts.engine)
    if facts.read_only:
        yield READ_ONLY.found()
    if not facts.forced_writes:
        yield FORCED_WRITES_OFF.found()
    if facts.marked:
        yield SANDBOX.found()


def _texts(charset: str, facts: Facts) -> Iterator[Finding]:
    named = {name: count for name, count in facts.charsets.items() if name not in _ANY}
    most = max(named, key=lambda name: named[name], default=charset)
    if _codec(most) != _codec(charset):
        columns = f"{named[most]} of {sum(facts.charsets.values())} text columns"
        yield CHARSET_DIFFERS.found(f"{most} in {columns}, and {charset} in the configuration")
    if facts.undecodable:
        shown = ", ".join(f"{column} in {count} rows" for column, count in sorted(facts.undecodable.items()))
        yield TEXT_UNDECODABLE.found(f"of the first rows of each table: {shown}")


def _codec(charset: str) -> str:
    try:
        return codec_of(charset)
    except (ValueError, LookupError):
        return charset


def _rights(accounts: tuple[Account, ...], rights: frozenset[tuple[str, str, str]]) -> Iterator[Finding]:
    letters: Mapping[str, tuple[str, str]] = {"reader": ("IUD", "write"), "writer": ("SIUD", "use")}
    for account in accounts:
        wrong, verb = letters[account.role]
        users = {account.user.upper(), "PUBLIC"} if account.role == "reader" else {account.user.upper()}
        tables = sorted({table for user, letter, table in rights if user in users and letter in wrong})
        if tables:
            diagnosis = READER_WRITES if account.role == "reader" else WRITER_SELECTS
            yield diagnosis.found(f"{account.user} may {verb} {', '.join(tables)}")


def _attachments(attached: Attached, most: int) -> Step:
    name = f"connections of {attached.user}"
    if attached.count <= most:
        return Step(name, told=f"{attached.count} others are open")
    return Step(name, (ATTACHMENTS_LEFT.found(f"{attached.count} of {attached.user}, expected at most {most}"),))
