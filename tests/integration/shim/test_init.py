"""`shim init` as somebody runs it: a configuration that loads, that the doctor passes, and that replaces nothing."""

import os
import pty
import re
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shim.cli.commands import app
from shim.demo import sandbox_practice, write_configuration
from shim.root import open_deployment_state
from shim.settings import load
from simulators.intramed.engine import EngineMissing
from simulators.launch import PlanonAddress, running_planon
from simulators.planon.simulator import DEFAULT_ACCOUNT
from tests.integration.shim.site import command
from tests.services import unavailable

_WAIT_S = 240.0
_OF_THE_MACHINE = {"sqlite-old"}
_TOO_SLOW = frozenset({"no-answer"})
"""What the doctor says of a healthy system on a machine that is so busy that ten seconds are not enough."""


@pytest.fixture(scope="module")
def planon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanonAddress]:
    with running_planon(tmp_path_factory.mktemp("planon")) as (_, address):
        yield address


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return sandbox_practice(tmp_path_factory.mktemp("practice"))
    except EngineMissing as missing:
        unavailable(missing)
        raise


def _answers(planon: PlanonAddress, practice: Path) -> str:
    account = DEFAULT_ACCOUNT
    lines = [
        *("Not A Name", "huis", ""),
        *("planon", "", f"{planon.url}/soap", f"{planon.url}/appsuite/incident", account.user, account.password),
        f"sqlite:///{planon.replica}",
        *("intramed", "practice", str(practice), "", "", "", "", "", ""),
    ]  # fmt: skip
    return "".join(f"{line}\n" for line in lines)


def _init(path: Path, said: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shim", "--config", str(path), "init"],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=_WAIT_S,
        # The embedded engine tells this process's time, and the practice is in Amsterdam.
        env={**os.environ, "TZ": "Europe/Amsterdam"},
    )


def _invoked(path: Path, *options: str, said: str = "") -> Result:
    """Run it in this process, where no terminal is."""
    return CliRunner().invoke(app, ["--config", str(path), "init", *options], input=said)


def test_piped_answers_make_a_deployment_that_the_doctor_passes(
    tmp_path: Path, planon: PlanonAddress, practice: Path
) -> None:
    """The file is whole, private and says what was answered; folder and key are there, and nothing is broken."""
    path = tmp_path / "shim.toml"
    done = _init(path, _answers(planon, practice))
    found = set(re.findall(r"\[([a-z-]+)\] *$", done.stdout, re.MULTILINE)) - _OF_THE_MACHINE
    assert (done.returncode, frozenset(found)) in {(0, frozenset()), (1, _TOO_SLOW)}, done.stdout + done.stderr
    assert "deployment: a name begins with a-z" in done.stdout
    assert f"shim --config {path} clients add NAME --scope planon:read" in done.stdout
    assert DEFAULT_ACCOUNT.password not in done.stdout + done.stderr
    settings = load(path)
    assert settings.deployment == "huis"
    assert settings.systems["practice"].options["database"] == str(practice)
    state = tmp_path / "state"
    modes = {each: stat.S_IMODE(each.stat().st_mode) for each in (path, state, state / "master.key")}
    assert modes == {path: 0o600, state: 0o700, state / "master.key": 0o600}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["shim.toml", "state"]
    added = command(path, "clients", "add", "agent", "--scope", "planon:read")
    assert added.returncode == 0, added.stderr


def test_a_file_of_answers_asks_nothing_and_replaces_nothing(tmp_path: Path) -> None:
    """A configuration that is there stays, byte by byte, unless it is to be replaced: then a copy of it stays.

    What is broken, such as a backend that is not there yet, is told, and the file stays to be mended.
    """
    path, answers = tmp_path / "shim.toml", tmp_path / "answers.toml"
    answers.write_text(
        f'deployment = "een"\nstate = "{tmp_path / "state"}"\n[systems.practice]\nadapter = "intramed"\n'
        f'database = "{tmp_path / "none.fdb"}"\n'
    )
    done = _invoked(path, "--answers", str(answers))
    assert done.exit_code == 1
    assert "Mend what is broken" in done.stdout
    before, key = path.read_bytes(), (tmp_path / "state" / "master.key").read_bytes()
    answers.write_text(answers.read_text().replace('"een"', '"twee"'))
    refused = _invoked(path, "--answers", str(answers))
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "is there already" in refused.stderr
    assert path.read_bytes() == before
    done = _invoked(path, "--answers", str(answers), "--force")
    assert done.exit_code == 1
    assert load(path).deployment == "twee"
    (copy,) = tmp_path.glob("shim.toml.*")
    assert copy.read_bytes() == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (tmp_path / "state" / "master.key").read_bytes() == key


def test_answers_that_end_leave_nothing(tmp_path: Path) -> None:
    """Whoever gives up half-way has no half configuration."""
    done = _invoked(tmp_path / "shim.toml", said="huis\n\nplanon\n")
    assert done.exit_code == 2
    assert "nothing was written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_replaces_a_configuration_is_in_its_audit(tmp_path: Path) -> None:
    """Refused or done, both rows stand in the audit of the state that was there; a damaged file is no obstacle."""
    path, answers = write_configuration(tmp_path, {}), tmp_path / "answers.toml"
    before = load(path)
    with open_deployment_state(before):
        pass
    practice = f'adapter = "intramed"\ndatabase = "{tmp_path / "none.fdb"}"\n'
    answers.write_text(f'deployment = "een"\nstate = "{tmp_path / "new"}"\n[systems.practice]\n{practice}')
    options = ("--answers", str(answers))
    assert _invoked(path, *options).exit_code == 2
    assert _invoked(path, *options, "--force").exit_code == 1
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["master.key"]
    with closing(sqlite3.connect(tmp_path / "shim.db")) as state:
        rows = state.execute(
            "select phase, status from audit_event where action = 'shim init' order by at, phase"
        ).fetchall()
    assert rows == [("intent", None), ("outcome", 2), ("intent", None), ("outcome", 1)]
    path.write_text("[damaged")
    assert _invoked(path, *options, "--force").exit_code == 1
    assert load(path).deployment == "een"


def test_a_terminal_does_not_show_a_secret(tmp_path: Path) -> None:
    """What is typed for a password does not come back on the screen; other answers do."""
    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, [sys.executable, "-m", "shim", "-c", str(tmp_path / "shim.toml"), "init"])  # noqa: S606 - the point
    screen = b""

    def read_until(expected: bytes) -> None:
        nonlocal screen
        deadline = time.monotonic() + _WAIT_S
        while not screen.endswith(expected):
            assert time.monotonic() < deadline, screen
            screen += os.read(terminal, 4096)

    try:
        for prompt, line in (
            ("deployment: ", "huis"), (f"state [{tmp_path / 'state'}]: ", ""), ("adapter: ", "planon"),
            ("name [planon]: ", ""), ("soap_url: ", "http://127.0.0.1:1/soap"),
            ("appsuite_url: ", "http://127.0.0.1:1/a"), ("user: ", "somebody"), ("password: ", "h1dden-word"),
        ):  # fmt: skip
            read_until(prompt.encode())
            os.write(terminal, f"{line}\n".encode())
        read_until(b"replica_url: ")
        assert b"somebody" in screen
        assert b"h1dden-word" not in screen
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert not (tmp_path / "shim.toml").exists()
