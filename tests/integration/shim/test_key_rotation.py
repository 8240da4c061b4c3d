"""Rotation while reports wait, a service answers and a worker delivers; and what a lost key and a kill -9 do."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from shim.cli.commands import app
from shim.demo import planon_section, write_configuration
from shim.keys import RestCipher, file
from shim.keys.cipher import key_of
from shim.keys.key import new_secret
from simulators.launch import PlanonAddress, address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, command, minutes_ago, until
from tests.unit.shim.rotating import FIRST, rotating

CREATE = "/v1/planon/create_incident"
WHY = ("--reason", "a key is a year old")
WAITING = 3
MANY = 20_000
PACE_S = 0.25
"""Between two reports while a service has not noticed the new key: each of them is delivered in the end."""
NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))


def run(configuration: Path, *arguments: str) -> Result:
    """Run a command in this process: a new one takes two seconds to begin."""
    return CliRunner().invoke(app, ["--config", str(configuration), "keys", *arguments], catch_exceptions=False)


def done(configuration: Path, *arguments: str) -> Any:
    result = run(configuration, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@contextmanager
def two_processes(folder: Path) -> Iterator[tuple[Site, Path]]:
    """Run a service that delivers nothing, and another process that does, on one state and key file."""
    with running_planon(folder) as (planon, address):
        configuration = write_configuration(
            folder, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        keys = {"agent": add_client(configuration, "agent", "planon:*")}
        (beside := folder / "beside").mkdir()
        other = Path(shutil.copy(configuration, beside))
        with start_shim(configuration, "--no-worker") as service, start_shim(other):
            yield Site(folder, address_of(service), keys, planon), configuration


def sealed_with(folder: Path, delivery: str) -> str | None:
    with closing(sqlite3.connect(folder / "shim.db", timeout=30)) as connection:
        statement = "SELECT body FROM payload JOIN entry ON seq = entry_seq WHERE id = ?"
        return key_of(connection.execute(statement, [delivery]).fetchone()[0])


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


def test_nobody_notices_a_rotation(tmp_path: Path) -> None:
    """What waits is delivered once with its own report time, tokens and keys go on, and the old key can be retired."""
    with two_processes(tmp_path) as (site, configuration):
        tenant = site.tenant()
        site.control.apply(down=True)
        old = done(configuration, "list")[0]["id"]
        asked: dict[str, dict[str, Any]] = {}

        def send(key: str) -> dict[str, Any]:
            asked.setdefault(key, site.report(tenant, summary=key, reported_at=minutes_ago(30 + len(asked))))
            answer = site.post(CREATE, asked[key], Prefer="wait=0", Idempotency_Key=key)
            assert answer.status_code in {201, 202}, answer.text
            return dict(answer.json())

        first = {f"before-{n}": send(f"before-{n}") for n in range(WAITING)}
        assert {sealed_with(tmp_path, told["delivery"]) for told in first.values()} == {old}

        new = done(configuration, "rotate", *WHY)["id"]
        sent: list[dict[str, Any]] = []

        def seals() -> str | None:
            time.sleep(PACE_S)
            sent.append(send(f"after-{len(sent)}"))  # with a token from before
            return sealed_with(tmp_path, sent[-1]["delivery"])

        until(seals, lambda found: found == new)
        assert {key: send(key)["delivery"] for key in first} == {key: told["delivery"] for key, told in first.items()}
        assert site.tenant() != tenant  # minted with the new key

        site.control.apply(down=False)
        for told in (*first.values(), *sent):
            site.delivered(told["delivery"])
        records = {row["description"].partition("\n")[0]: row["reported_at"] for row in site.control.incidents()}
        assert len(site.control.incidents()) == len(first) + len(sent)
        assert {key: at(moment) for key, moment in records.items()} == {
            key: at(body["reported_at"]) for key, body in asked.items()
        }

        assert done(configuration, "retire", old, *WHY)["damaged"] == 0
        assert [row["use"] for row in done(configuration, "list")] == ["seals", "retired"]
        assert {key: send(key)["delivery"] for key in first} == {key: told["delivery"] for key, told in first.items()}
        assert {sealed_with(tmp_path, told["delivery"]) for told in first.values()} == {new}
        assert len(site.control.incidents()) == len(first) + len(sent)
        assert json.loads(site.command("outbox", "verify", "--json").stdout)["damaged"] == {}


def test_a_lost_key_stops_the_start(tmp_path: Path) -> None:
    """With exit code 2 and one line that names the key, for the service and every command; the file is left alone."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    old = done(configuration, "list")[0]["id"]
    new = done(configuration, "rotate", *WHY)["id"]
    path = tmp_path / "master.key"
    both = file.read(path)
    for secrets, lost in ((both.secrets[:1], old), (both.secrets[1:], new), ((new_secret(),), f"{old}, {new}")):
        file.replace(path, file.Contents(secrets))
        refused = run(configuration, "list")
        assert (refused.exit_code, refused.stdout) == (2, "")
        (line,) = refused.stderr.splitlines()
        assert f"another master key: {lost} is not in the key file" in line
        assert file.read(path).secrets == secrets
    served = command(configuration, "serve", "--port", "0")
    assert (served.returncode, served.stdout) == (2, ""), served.stderr
    assert f"another master key: {old}, {new} is not in the key file" in served.stderr
    path.unlink()
    assert run(configuration, "list").exit_code == 2
    assert not path.exists()
    file.replace(path, both)
    assert [row["id"] for row in done(configuration, "list")] == [new, old]


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    """And why somebody does it is asked for."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    current = done(configuration, "list")[0]["id"]
    for arguments, code, why in (
        (("retire", current, *WHY), 1, "seals now"),
        (("retire", "00000000", *WHY), 1, "is not in the key file"),
        (("use", current, *WHY), 1, "seals already"),
        (("rotate", "--reason", " "), 2, "reason"),
    ):
        refused = run(configuration, *arguments)
        assert (refused.exit_code, refused.stdout) == (code, ""), refused.output
        assert why in refused.stderr
    with file.alone(tmp_path / "master.key"):
        refused = run(configuration, "rotate", *WHY)
    assert (refused.exit_code, "somebody else is changing" in refused.stderr) == (2, True)
    assert [row["id"] for row in done(configuration, "list")] == [current]


def test_a_killed_retirement_is_done_again(tmp_path: Path) -> None:
    """Killed between two of its commits: everything opens, and the second time finds the rest."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    state, path = tmp_path / "shim.db", tmp_path / "master.key"
    with rotating(state, path, deployment="demo") as full:
        cipher = RestCipher(full.ring)
        with full.database.transaction() as tx:
            for number in range(MANY):
                values = {"name": f"{number:05}", "row": cipher.seal(b"{}", f"reference_row/{number:05}")}
                tx.execute(
                    "INSERT INTO reference_row (system, name, row, read_at) VALUES ('a', :name, :row, 0)", values
                )
        new = full.rotation.rotate().id
        before, old = full.plain(*full.secrets()), full.ring.keys[1].id
        os.utime(path, (0, 0))  # every process has noticed it
        killed_in_the_middle(configuration, old, state, new)
        assert full.ids() == {old, new}
        assert full.plain(*full.secrets()) == before
        assert full.needed() == {old, new}
        told = done(configuration, "retire", old, *WHY)
        assert 0 < told["rows"] < MANY
        assert full.ids() == {new}
        (secret,) = full.secrets()
        assert secret != FIRST
        assert full.plain(secret) == before


def killed_in_the_middle(configuration: Path, key_id: str, state: Path, new: str) -> None:
    """Begin to retire a key, and kill it when it has made some of its commits."""
    some = "SELECT 1 FROM reference_row WHERE system = 'a' AND name = '00000' AND substr(row, 2, 4) = ?"
    arguments = [sys.executable, "-m", "shim", "--config", str(configuration), "keys", "retire", key_id, *WHY]
    with closing(sqlite3.connect(state, timeout=30)) as connection:
        begun = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while connection.execute(some, [bytes.fromhex(new)]).fetchone() is None:
                assert begun.poll() is None
                time.sleep(0.001)
        finally:
            begun.kill()
            begun.wait(30)
    assert begun.returncode == -signal.SIGKILL
