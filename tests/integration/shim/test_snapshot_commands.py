"""`shim snapshot` on a real Firebird and a real SQLite: a copy, a harmless copy, the proof, a sandbox."""

import json
import os
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shim.cli.commands import app
from shim.pseudonyms.key import PseudonymKey
from tests.integration.shim.snapshot_stage import (
    FAMILIES,
    PEOPLE,
    POLICY,
    TELEPHONES,
    Copies,
    change,
    make_firebird,
    make_sqlite,
)
from tests.integration.shim.test_audit_commands import Shim

MAKERS = {"firebird": make_firebird, "sqlite": make_sqlite}


@pytest.fixture(scope="session", params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A database of each technology, which no test changes."""
    if request.param == "firebird":
        request.getfixturevalue("engine")
    return request.param, MAKERS[request.param](tmp_path_factory.mktemp("live") / "people.db")


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy and a key, and beside their folder an empty one to work in, without a configuration."""
    (folder := tmp_path / "copies").mkdir()
    (apart := tmp_path / "apart").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SHIM_CONFIG", raising=False)
    (apart / "few.toml").write_text(POLICY, encoding="utf-8")
    PseudonymKey.make(apart / "key")
    return apart


@pytest.fixture
def copies(made: tuple[str, str], apart: Path) -> Copies:
    """The commands on each technology."""
    return Copies(made[0], Path.cwd(), made[1], apart / "few.toml", apart / "key")


@pytest.fixture
def few(apart: Path) -> Copies:
    """The commands on SQLite, for what does not depend on the technology."""
    return Copies("sqlite", Path.cwd(), make_sqlite(apart / "people.db"), apart / "few.toml", apart / "key")


def test_from_a_database_to_a_sandbox_without_anybody(copies: Copies) -> None:
    """Each step with its exit code, and nothing beside the files that were asked for."""
    original, result = copies.pseudonymised()
    assert stat.S_IMODE(original.stat().st_mode) == stat.S_IMODE(result.stat().st_mode) == 0o600
    told = copies.done("verify", original, result, "--policy", copies.policy, "--key", copies.key)
    assert told["clean"] is True
    assert told["rows"] == {"PATIENT": PEOPLE, "NOTITIE": PEOPLE}
    values = {(one["column"], one["kind"]): one["values"] for one in told["searched"]}
    assert values["ACHTERNAAM", "family_name"] == PEOPLE
    sandbox = copies.place_in("sandbox.db")
    copies.done("restore", result, sandbox)
    again = copies.folder / "again.snap"
    copies.done("take", sandbox, again)
    assert "the same" in copies.run("diff", result, again).stdout
    compared = copies.run("diff", original, result, "--json")
    assert compared.exit_code == 1
    assert json.loads(compared.stdout)["rows"]["PATIENT"] == {
        "removed": PEOPLE,
        "added": PEOPLE,
        "changed": 0,
        "columns": {},
    }
    assert set(copies.names) == {"original.snap", "result.snap", "again.snap", "sandbox.db"}


def test_a_survivor_in_a_note_is_found_and_not_shown(copies: Copies) -> None:
    """Whatever wrote it into the sandbox after the pseudonymisation."""
    original, result = copies.pseudonymised()
    sandbox = copies.place_in("sandbox.db")
    copies.done("restore", result, sandbox)
    spelled = f"{TELEPHONES[3][:5]} {TELEPHONES[3][5:]}"
    change(sandbox, f"update NOTITIE set TEKST = 'heer {FAMILIES[5].upper()}, {spelled}' where NUMMER = 7")  # noqa: S608
    planted = copies.folder / "planted.snap"
    copies.done("take", sandbox, planted)
    told = copies.run("verify", original, planted, "--policy", copies.policy)
    assert told.exit_code == 1
    assert "SURVIVOR: NOTITIE.TEKST holds 1 of PATIENT.ACHTERNAAM (family_name): row" in told.stdout
    assert "SURVIVOR: NOTITIE.TEKST holds 1 of PATIENT.TELEFOON (telephone): row" in told.stdout
    assert re.search("SURVIVOR: raw bytes holds [1-9] of PATIENT.TELEFOON", told.stdout)
    assert "planted.snap must not go anywhere." in told.stdout
    assert FAMILIES[5].casefold() not in told.output.casefold()
    assert TELEPHONES[3][5:] not in told.output


def test_a_survivor_in_a_freed_page_is_found(few: Copies) -> None:
    """In no row any more, and still in the file: which is why a result is never an edited copy."""
    original, result = few.pseudonymised()
    with sqlite3.connect(result, isolation_level=None) as edited:
        edited.execute("pragma secure_delete = off")
        planted = (f"Anna{TELEPHONES[3]}Rotterdam", "x" * 300)
        edited.execute("insert into NOTITIE select 1000 + NUMMER, PATIENT, ? || ? from NOTITIE", planted)
        edited.execute("delete from NOTITIE where NUMMER >= 1000")
    edited.close()
    told = json.loads(few.run("verify", original, result, "--policy", few.policy, "--json").stdout)
    assert {one["where"] for one in told["survivors"]} == {"raw bytes"}
    assert {one["of"].rsplit("(")[1] for one in told["survivors"]} == {"telephone)"}


def test_an_edited_original_is_no_result(few: Copies) -> None:
    """It says nothing of a policy."""
    original, _ = few.pseudonymised()
    assert "was never pseudonymised" in few.refused("verify", original, original, "--policy", few.policy)


def test_bad_files_are_refused_in_one_line(copies: Copies) -> None:
    """Truncated, foreign, missing, of another technology; nothing is begun, and the source stays as it is."""
    original, result = copies.pseudonymised()
    (cut := copies.folder / "cut.snap").write_bytes(original.read_bytes()[: original.stat().st_size * 2 // 3])
    (foreign := copies.folder / "foreign.snap").write_bytes(b"PK\x03\x04 something else")
    sandbox = copies.place_in("new.db")
    key, policy = ("--key", copies.key), ("--policy", copies.policy)
    out = copies.folder / "out.snap"
    for damaged, line in ((cut, "cut.snap"), (foreign, "is no snapshot"), (copies.folder / "none", "cannot be read")):
        assert line in copies.refused("restore", damaged, sandbox)
        assert line in copies.refused("pseudonymise", damaged, out, *key, *policy)
        assert line in copies.refused("verify", original, damaged, *policy)
        assert line in copies.refused("diff", damaged, result)
    assert "exists; remove it" in copies.refused("take", copies.place, original)
    assert "there is no folder" in copies.refused("take", copies.place, copies.folder / "none" / "file")
    assert "names no database" in copies.refused("take", "ftp://somewhere", out)


def test_keys_and_policies_that_do_not_fit_are_refused(few: Copies) -> None:
    """Before anything is written."""
    original, result = few.pseudonymised()
    other = few.key.with_name("other")
    PseudonymKey.make(other)
    line = few.refused("verify", original, result, "--policy", few.policy, "--key", other)
    assert "a wrong key" in line
    out = few.folder / "out.snap"
    assert "for another schema" in few.refused("pseudonymise", original, out, "--key", few.key, "--policy", "intramed")
    (narrow := few.policy.with_name("narrow.toml")).write_text(POLICY.replace('TELEFOON = "telephone"\n', ""))
    line = few.refused("pseudonymise", original, out, "--key", few.key, "--policy", narrow)
    assert "PATIENT.TELEFOON" in line
    assert "made with another policy" in few.refused(
        "verify", original, result, "--policy", _with(narrow, 'TELEFOON = "telephone"', 'TELEFOON = "keep"')
    )
    assert "name the policy" in few.refused("pseudonymise", original, out, "--key", few.key)
    (beside := few.folder / "key").write_bytes(few.key.read_bytes())
    beside.chmod(0o600)
    assert "lies beside" in few.refused("pseudonymise", original, out, "--key", beside, "--policy", few.policy)


def test_a_live_database_is_never_restored_over(copies: Copies) -> None:
    """Nor one that a sandbox was copied to."""
    _, result = copies.pseudonymised()
    live = copies.place_in("live.db")
    MAKERS[copies.technology](copies.folder / "live.db")
    assert "sandbox" in copies.refused("restore", result, live)


def _with(file: Path, old: str, new: str) -> Path:
    file.write_text(POLICY.replace(old, new), encoding="utf-8")
    return file


def test_a_disk_that_gets_full_leaves_nothing(few: Copies) -> None:
    """A limit of this process stands for the disk: each command refuses, and the folder is as it was."""
    original, result = few.pseudonymised()
    out = few.folder / "out.snap"
    for arguments in (
        ("take", few.place, out),
        ("pseudonymise", original, out, "--key", few.key, "--policy", few.policy),
        ("verify", original, result, "--policy", few.policy),
        ("restore", result, few.place_in("new.db")),
        ("diff", original, result),
    ):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, before[1]))
        try:
            refused = few.run(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert refused.exit_code == 2, (arguments, refused.output)
        assert len(refused.stderr.splitlines()) == 1
        assert few.names == ["original.snap", "result.snap"], arguments


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing(few: Copies, ending: signal.Signals) -> None:
    """The private folder goes with the command."""
    original = few.folder / "original.snap"
    few.done("take", few.place, original)
    os.mkfifo(waits := few.policy.with_name("waits.toml"))  # nobody writes the policy, so it is waited for
    arguments = ["pseudonymise", original, few.folder / "out.snap", "--key", few.key, "--policy", waits]
    command = [sys.executable, "-m", "shim", "snapshot", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        until(lambda: running.poll() is not None or len(few.names) > 1)
        assert running.poll() is None
        running.send_signal(ending)
        running.wait(timeout=60)
    assert running.returncode == 128 + ending
    assert few.names == ["original.snap"]


def until(good: Callable[[], bool]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + 60
    while not good():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_with_a_configuration_every_command_is_in_the_audit(few: Copies, tmp_path: Path) -> None:
    """Places and files are told, passwords are not; a mistyped configuration is no way around it."""
    shim, file = Shim(tmp_path), few.folder / "a.snap"
    assert shim.run("snapshot", "take", few.place, str(file)).exit_code == 0
    assert not shim.state.exists()  # for these rows alone no state begins
    assert shim.run("outbox", "status").exit_code == 0
    assert (
        shim.run("snapshot", "restore", str(file), "postgresql://kees:geheim@host/db", "--user", "kees").exit_code == 2
    )
    intent, outcome = shim.rows("shim snapshot restore")
    assert (intent["phase"], outcome["outcome"]) == ("intent", "exit 2")
    assert intent["detail"]["place"] == "postgresql://kees@host/db"
    assert intent["detail"]["file"] == str(file)
    assert "geheim" not in json.dumps(shim.rows())
    missing = CliRunner().invoke(app, ["--config", "shmi.toml", "snapshot", "take", few.place, "b.snap"])
    assert missing.exit_code == 2
    assert "--config" in missing.stderr
    assert few.names == ["a.snap"]
