"""An export holds the whole state; what is loaded is all of it, proven to be what was validated, or nothing."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from outbox.carrying.lines import written
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import counts, snapshot
from shim.keeping.carried import LEFT_BEHIND, PACKAGES, TABLES
from shim.keeping.carried import header as describe
from tests.unit.outbox.stand_ins import Clock, accept
from tests.unit.shim.filled import Filled, fill, ours

NOT_FINAL = ("ready", "waiting", "in_flight", "unknown")


@contextmanager
def opened(path: Path, clock: Clock) -> Iterator[Filled]:
    state = ours(path, clock)
    try:
        yield state
    finally:
        state.database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(tmp_path: Path, clock: Clock) -> Iterator[Filled]:
    with opened(tmp_path / "source.db", clock) as state:
        yield fill(state)


@pytest.fixture
def empty(tmp_path: Path, clock: Clock) -> Iterator[Filled]:
    with opened(tmp_path / "empty.db", clock) as state:
        yield state


def test_every_table_is_carried_or_left_out_on_purpose() -> None:
    """A table that is new in a schema must be named here, in either dialect."""
    for dialect, left_out in (
        ("sqlite", {"deployment", "ring_key"}),
        ("postgresql", {"deployment", "ring_key", "owner"}),
    ):
        there = {
            name
            for package in PACKAGES
            for name in re.findall(
                r"^CREATE TABLE (\w+)", (files(package) / dialect / "schema.sql").read_text("utf-8"), re.MULTILINE
            )
        }
        assert there == {table.name for table in TABLES} | left_out | set(LEFT_BEHIND)


def test_all_comes_back(source: Filled, empty: Filled) -> None:
    """Every row of every table, but for what must be asked of the backend again."""
    assert all(source.rows().values()), source.rows()
    before = source.contents()
    loaded = empty.load(source.export())
    after = empty.contents()
    for table in ("admin_action", "attempt_outcome"):  # one more each: who did it, and the attempt that was under way
        assert after.pop(table)[:-1] == before.pop(table)
    assert after == before
    assert loaded.tables == source.rows()


def test_what_is_not_final_comes_back_unknown(source: Filled, empty: Filled, clock: Clock) -> None:
    """And so the backend is asked before anything is sent; a pause stays one."""
    was = {row["id"]: row["state"] for row in source.database.read("SELECT id, state FROM entry")}
    loaded = empty.load(source.export())
    for row in empty.database.read("SELECT * FROM entry"):
        assert row["state"] == ("unknown" if was[row["id"]] in NOT_FINAL else was[row["id"]])
        if row["state"] == "unknown":
            assert (row["owner"], row["unknown_boot"], row["unknown_uptime"]) == (None, clock.up.boot, clock.up.ms)
    assert loaded.unknown == len([state for state in was.values() if state in NOT_FINAL]) == 4
    assert empty.database.read("SELECT paused_at FROM destination WHERE name = 'other'")[0][0] is not None
    (row,) = empty.database.read("SELECT * FROM admin_action WHERE action = 'import'")
    assert (row["actor"], row["reason"]) == ("beheer", "a new machine")


def test_numbers_go_on_after_those_that_came(source: Filled, empty: Filled) -> None:
    """The next entry is the last one."""
    empty.load(source.export())
    assert accept(empty.outbox, "next").seq > source.rows()["entry"]


Change = Callable[[list[bytes]], list[bytes]]


def hashed(value: dict[str, object]) -> bytes:
    """Write a line as somebody would who knows how."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return text[:-1] + b',"sha256":"' + hashlib.sha256(text).hexdigest().encode() + b'"}\n'


def forged(lines: list[bytes], change: Callable[[dict[str, object]], None]) -> list[bytes]:
    """Change values, and mend every hash."""
    made = []
    for line in lines[:-1]:
        value = json.loads(line)
        del value["sha256"]
        change(value)
        made.append(hashed(value))
    whole = hashlib.sha256(b"".join(made)).hexdigest()
    return [*made, hashed({"lines": len(made), "all": whole})]


def header(**values: object) -> Change:
    return lambda lines: forged(lines, lambda line: line.update(values) if "format" in line else None)


def _swap_payloads(lines: list[bytes]) -> list[bytes]:
    bodies = [line["row"]["body"] for line in map(json.loads, lines) if line.get("table") == "payload"]
    bodies.reverse()

    def change(line: dict[str, object]) -> None:
        if line.get("table") == "payload":
            line["row"]["body"] = bodies.pop(0)  # type: ignore[index]

    return forged(lines, change)


def _wrong_hash(lines: list[bytes]) -> list[bytes]:
    def change(line: dict[str, object]) -> None:
        if line.get("table") == "payload":
            line["row"]["sha256"] = "0" * 64  # type: ignore[index]

    return forged(lines, change)


def _entry_twice(lines: list[bytes]) -> list[bytes]:
    at = next(number for number, line in enumerate(lines) if b'"table":"attempt"' in line)
    tables = json.loads(lines[0])["tables"]
    doubled = [*lines[: at + 1], lines[at], *lines[at + 1 :]]
    return header(tables={**tables, "attempt": tables["attempt"] + 1})(doubled)


REFUSED: dict[str, tuple[Change, str]] = {
    "empty": (lambda _: [], "ends after line 0"),
    "cut off between lines": (lambda lines: lines[:-3], "is not whole"),
    "cut off within a line": (lambda lines: [*lines[:4], lines[4][:-9]], "line 5 is cut off"),
    "a line changed": (lambda lines: [line.replace(b"no such field", b"no such fault") for line in lines], "line"),
    "a line missing": (lambda lines: lines[:5] + lines[6:], "lines are missing"),
    "two lines swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], "in another order"),
    "more after the end": (lambda lines: [*lines, lines[3]], "goes on after its end"),
    "no export": (lambda _: [b"{}\n"], "line 1"),
    "newer format": (header(version=3), "another release: format 3"),
    "newer schema": (header(schema={"outbox": 99, "shim": 2}), "outbox 99"),
    "another deployment": (header(deployment="breda"), "deployment 'breda'"),
    "another key": (header(keys={"00": "00"}), "another master key"),
    "fewer rows than told": (header(tables={"entry": 1}), "not as many rows"),
    "an unknown column": (
        lambda lines: forged(lines, lambda line: line["row"].update(more=1) if "row" in line else None),  # type: ignore[attr-defined]
        "does not know",
    ),
    "payloads swapped": (_swap_payloads, "are damaged"),
    "a payload that is not what was validated": (_wrong_hash, "not what was validated"),
    "a row twice": (_entry_twice, "contradicts itself"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_whole_or_not_ours_is_refused(case: str, source: Filled, empty: Filled) -> None:
    """With a reason, and nothing of it is written."""
    change, why = REFUSED[case]
    lines = source.export()
    assert change(lines) != lines
    with pytest.raises(CarryingRefused, match=why):
        empty.load(change(lines))
    assert not any(empty.rows().values())
    empty.load(lines)


def test_what_fails_at_the_last_moment_is_undone(source: Filled, empty: Filled) -> None:
    """All of it."""

    def fail() -> None:
        raise CarryingRefused("the disk is full")

    with pytest.raises(CarryingRefused, match="disk is full"):
        empty.load(source.export(), last=fail)
    assert not any(empty.rows().values())


def test_two_states_are_never_merged(source: Filled, empty: Filled) -> None:
    """Not even an empty outbox with a client."""
    lines = source.export()
    accept(empty.outbox)
    with pytest.raises(CarryingRefused, match="not empty: there are rows in entry"):
        empty.load(lines)
    assert empty.rows()["entry"] == 1
    with pytest.raises(CarryingRefused, match="not empty"):
        source.load(lines)


def test_nothing_is_loaded_while_a_worker_lives(source: Filled, empty: Filled) -> None:
    """It would send what is being loaded."""
    owner = empty.outbox.owners.take()
    with pytest.raises(CarryingRefused, match="1 workers"):
        empty.load(source.export())
    owner.close()
    assert not any(empty.rows().values())
    empty.load(source.export())


def test_an_export_is_of_one_moment(source: Filled) -> None:
    """What is accepted while it is written is not in it."""
    with snapshot(source.database) as tx:
        tables = counts(tx, TABLES)
        accept(source.outbox, "later")
        lines = list(written(tx, describe(tx, source.clock(), tables), TABLES))
    assert not any(b'"LS-later"' in line for line in lines)
    assert sum(b'"table":"entry"' in line for line in lines) == tables["entry"]


def test_nothing_in_it_can_be_read_without_the_key(source: Filled) -> None:
    """A person's words are sealed as they are in the state."""
    text = b"".join(source.export())
    for word in (b"<Incident/>", b"T-0001"):
        assert word not in text
