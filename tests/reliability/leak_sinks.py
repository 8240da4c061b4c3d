"""Where a planted value may come out, and what was seen there."""

import contextlib
import io
import logging
import sqlite3
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shim.guard import GuardedFormatter
from tests.reliability.identifiers import Planted
from tests.reliability.leak_oracle import NAMED, Oracle

_QUOTED: Final = 3
"""Findings of one sink that are kept, to look at."""


@dataclass
class Findings:
    """What came out where. `surroundings` quotes planted, invented values, so that a leak can be found and mended."""

    by_sink: Counter[str] = field(default_factory=Counter)
    by_place: Counter[str] = field(default_factory=Counter)
    surroundings: dict[str, list[str]] = field(default_factory=dict)

    def look(self, oracle: Oracle, sink: str, place: str, text: str, *, may_name: bool = False) -> None:
        """Look at a text that came out of a sink; `may_name` where a telephone number or an e-mail may stand."""
        found = [planted for planted in oracle.found(text) if not (may_name and planted.kind in NAMED)]
        self.note(sink, place, found, text)

    def note(self, sink: str, place: str, found: list[Planted], text: str = "") -> None:
        """Count what was found."""
        if not found:
            return
        self.by_sink[sink] += len(found)
        self.by_place[f"{sink}: {place}"] += len(found)
        kept = self.surroundings.setdefault(f"{sink}: {place}", [])
        kept += [f"{each.kind} {each.value!r} as {each.spelled!r} in {text[:1500]!r}" for each in found][
            : _QUOTED - len(kept)
        ]


@dataclass
class Process:
    """What this process has written: its log with warnings in it, as the service renders it, and both streams."""

    log: io.StringIO
    stream: io.StringIO


@contextlib.contextmanager
def overheard(formatter: Callable[[], logging.Formatter] = GuardedFormatter) -> Iterator[Process]:
    """Collect what this process writes; the root logger is as it was afterwards."""
    heard = Process(io.StringIO(), io.StringIO())
    handler = logging.StreamHandler(heard.log)
    handler.setFormatter(formatter())
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    streams = (sys.stdout, sys.stderr)
    sys.stdout = sys.stderr = heard.stream
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            yield heard
    finally:
        logging.captureWarnings(False)
        sys.stdout, sys.stderr = streams
        root.removeHandler(handler)
        root.setLevel(before)


def tables(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and text of every text in every table of a state file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            cursor = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - the state's own tables
            columns = [column[0] for column in cursor.description]
            texts: dict[str, set[str]] = {column: set() for column in columns}
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    if isinstance(value, str):
                        texts[column].add(value)
            yield from ((f"{name}.{column}", text) for column, found in texts.items() for text in found)


def look_at_file(findings: Findings, oracle: Oracle, path: Path) -> None:
    """Look at the bytes of a state file and of what lies beside it."""
    for each in sorted(path.parent.glob(f"{path.name}*")):
        if not each.is_file():
            continue
        findings.note("file", each.suffix or each.name, oracle.found_in_bytes(each.read_bytes()))


def look_at_state(findings: Findings, oracle: Oracle, path: Path) -> None:
    """Look at every text of every table."""
    for place, text in tables(path):
        findings.look(oracle, "table", place, text)
