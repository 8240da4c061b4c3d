"""What a command does for the audit's sake: it begins no state, names whom it showed, and is in nobody's way."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.fields import TokenKind
from outbox.carrying.tables import file_snapshot
from shim.cli import login
from shim.root import open_deployment_state
from shim.settings import load
from tests.integration.shim.test_audit_commands import Shim
from tests.unit.outbox.stand_ins import accept

WHY = ("--reason", "a test")
NOWHERE = "postgresql://shim@127.0.0.1:9/shim"


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    (folder := tmp_path / "shim").mkdir()
    made = Shim(folder)
    assert made.run("outbox", "status").exit_code == 0
    return made


def all_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("there", ["nothing", "an empty file"])
def test_what_failed_begins_no_state_and_makes_no_key(shim: Shim, tmp_path: Path, there: str) -> None:
    """A mistyped path, or a new machine before the key is put in place: the folder is as it was."""
    kept = tmp_path / "kept.db"
    assert shim.run("outbox", "backup", str(kept)).exit_code == 0
    for file in shim.folder.iterdir():
        if file != shim.configuration:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    if there == "an empty file":
        shim.state.touch(mode=0o600)
    before = all_of(shim.folder)
    for arguments in (
        ("outbox", "restore", str(kept), *WHY),
        ("outbox", "restore", str(tmp_path / "missing.db"), *WHY),
        ("outbox", "restore", *WHY),
        ("outbox", "migrate-store", "--to", NOWHERE, *WHY),
    ):
        result = shim.run(*arguments)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), arguments
        assert all_of(shim.folder) == before, arguments


def test_another_file_is_verified_where_there_is_no_state(shim: Shim, tmp_path: Path) -> None:
    """On a machine with a configuration and nothing else."""
    kept = tmp_path / "kept.db"
    public = shim.told("audit", "checkpoint")["public_key"]
    assert shim.run("outbox", "backup", str(kept)).exit_code == 0
    (elsewhere := tmp_path / "elsewhere").mkdir()
    other = Shim(elsewhere)
    assert other.told("audit", "verify", "--state", str(kept), "--public-key", public)["found"] == 0
    assert all_of(elsewhere).keys() == {"shim.toml"}


def test_who_looked_at_a_delivery_is_found_by_the_person(shim: Shim) -> None:
    """By `explain` as by `show`, without the backend's key in the audit; and nothing is told of what is not there."""
    with open_deployment_state(load(shim.configuration)) as opened:
        entry = accept(opened.outbox, "1")
        subject = opened.subjects("planon", TokenKind.TENANT, "T-0001")
    for command in (("explain",), ("outbox", "show")):
        assert shim.run(*command, entry.id).exit_code == 0
        assert shim.run(*command, "dl_ff").exit_code == 1
        *_, outcome, _, missed = shim.rows(f"shim {' '.join(command)}")
        assert (outcome["outcome"], outcome["subject"], outcome["subject_key"]) == ("ok", *subject)
        assert (outcome["system"], outcome["contract"]) == ("planon", "create_incident")
        assert outcome["detail"]["delivery"] == entry.id
        assert (missed["outcome"], missed["subject"]) == ("exit 1", None)
    found = shim.told("audit", "search", "--subject", "planon:tenant:T-0001")
    assert {"shim explain", "shim outbox show"} <= {row["action"] for row in found}


def test_a_delivery_that_does_not_open_is_told_without_a_person(shim: Shim) -> None:
    """Which one it was is known all the same."""
    with open_deployment_state(load(shim.configuration)) as opened:
        entry = accept(opened.outbox, "1")
    with sqlite3.connect(shim.state) as connection:
        connection.execute("DROP TRIGGER IF EXISTS payload_is_frozen")
        connection.execute("DELETE FROM payload")
    connection.close()
    assert shim.run("explain", entry.id).exit_code == 0
    outcome = shim.rows("shim explain")[-1]
    assert (outcome["subject"], outcome["system"], outcome["detail"]["delivery"]) == (None, "planon", entry.id)


@pytest.mark.parametrize(
    ("kernels", "sudo", "told"),
    [
        (str(os.getuid()), "somebody", login.account_named(os.getuid())),
        ("3999999999", None, "3999999999"),
        ("4294967295", "jansen", "jansen"),
        ("4294967295", None, None),
        (None, "jansen", "jansen"),
        ("", None, None),
    ],
)
def test_who_had_logged_in_is_told(
    shim: Shim, monkeypatch: pytest.MonkeyPatch, kernels: str | None, sudo: str | None, told: str | None
) -> None:
    """As the kernel keeps it, else as sudo says; the actor stays the account that ran it."""
    number = shim.folder / "loginuid"
    if kernels is not None:
        number.write_text(kernels)
    monkeypatch.setattr(login, "KERNELS", number)
    monkeypatch.delenv("SUDO_USER", raising=False)
    if sudo is not None:
        monkeypatch.setenv("SUDO_USER", sudo)
    assert shim.run("clients", "list").exit_code == 0
    for row in shim.rows("shim clients list"):
        assert row["detail"].get("login") == told
        assert row["actor"] == login.account_named(os.getuid())


@pytest.mark.parametrize(
    "command", [("outbox", "verify"), ("outbox", "backup", "{}"), ("outbox", "export", "--to", "{}")]
)
def test_a_copy_is_made_when_the_audit_cannot_be_written(shim: Shim, tmp_path: Path, command: tuple[str, ...]) -> None:
    """One wants it before anything is touched; it says that it is not told."""
    with sqlite3.connect(shim.state) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
        )
    connection.close()
    result = shim.run(*(part.format(tmp_path / "kept") for part in command))
    assert result.exit_code == 0, result.output
    assert result.stderr == "shim: this command is not in the audit: the disk is full\n"
    if command[-1] == "{}":
        assert (tmp_path / "kept").stat().st_size
    with file_snapshot(shim.state) as seen:
        assert seen.execute("SELECT COUNT(*) FROM audit_event WHERE action = 'shim outbox backup'").fetchone() == (0,)


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "search", "--since", "9999999999d"),
        ("audit", "search", "--until", "99999999999999999999d"),
        ("audit", "export", "--to", "x", "--since", "999999999d"),
        ("audit", "prune", "--keep", "9999999999d"),
        ("audit", "prune", "--keep", "999999999d"),
        ("audit", "verify", "--late", "99999999999h"),
    ],
)
def test_an_age_that_no_clock_reaches_is_refused(shim: Shim, arguments: tuple[str, ...]) -> None:
    """In one line."""
    result = shim.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "than any clock can tell" in line


@pytest.mark.parametrize(
    ("group", "lines"), [("outbox", "shim.cli.carry.written"), ("audit", "shim.cli.audit_look.exported")]
)
def test_an_export_for_which_there_is_no_room_leaves_nothing(
    shim: Shim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, lines: str
) -> None:
    """One line, and no half of a file."""

    def full(*_: object) -> Iterator[object]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield

    monkeypatch.setattr(lines, full)
    (folder := tmp_path / "exports").mkdir()
    result = shim.run(group, "export", "--to", str(folder / "lines"))
    assert result.exit_code == 2
    assert result.stderr == f"shim: {folder / 'lines'} cannot be written: No space left on device\n"
    assert list(folder.iterdir()) == []
