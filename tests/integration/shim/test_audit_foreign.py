"""A checkpoint that somebody put into the audit stops no command: each says in one line what is wrong."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shim.cli.commands import app
from tests.unit.shim.audit.record import tampering

CONFIGURATION = """\
deployment = "tilburg"
state = "{folder}/state.db"
master_key = "{folder}/master.key"
"""
SAYING = {"format": "legacy-shim audit checkpoint", "number": 2, "deployment": "tilburg", "previous": "", "at": 10**30}
FOREIGN = {
    "nothing": "",
    "brackets": "[" * 200_000,
    "beyond": json.dumps(SAYING | {"heads": {"a": [2**63, "ab" * 32]}, "anchors": {}, "public_key": "ab" * 32}),
}


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(folder / "shim.toml"), *arguments], catch_exceptions=False)


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_every_command_of_the_audit_names_it(tmp_path: Path, body: str) -> None:
    """And neither prunes nor signs above it."""
    (tmp_path / "shim.toml").write_text(CONFIGURATION.format(folder=tmp_path))
    assert run(tmp_path, "audit", "checkpoint", "--to", str(tmp_path / "kept.jsonl")).exit_code == 0
    with tampering(tmp_path / "state.db") as connection:
        connection.execute("INSERT INTO audit_checkpoint (number, body, signature) VALUES (2, ?, 'AAAA')", [body])
    told = run(tmp_path, "audit", "verify", "--json", "--checkpoints", str(tmp_path / "kept.jsonl"))
    assert told.exit_code == 1
    assert {(one["what"], one["number"]) for one in json.loads(told.stdout)["findings"]} == {("checkpoint", 2)}
    assert run(tmp_path, "audit", "verify").exit_code == 1
    for arguments, code in ((("prune", "--keep", "5y"), 1), (("checkpoint",), 2)):
        refused = run(tmp_path, "audit", *arguments)
        assert refused.exit_code == code, refused.output
        (line,) = refused.stderr.splitlines()
        assert "checkpoint 2" in line
    with sqlite3.connect(tmp_path / "state.db") as connection:
        assert connection.execute("SELECT MAX(number) FROM audit_checkpoint").fetchone() == (2,)
    connection.close()


def test_a_file_of_a_state_that_was_put_back_is_told(tmp_path: Path) -> None:
    """Nobody goes on trusting a file that gets nothing more."""
    (tmp_path / "shim.toml").write_text(CONFIGURATION.format(folder=tmp_path))
    kept, backup = str(tmp_path / "kept.jsonl"), str(tmp_path / "backup.db")
    assert run(tmp_path, "audit", "checkpoint", "--to", kept).exit_code == 0
    assert run(tmp_path, "outbox", "backup", backup).exit_code == 0
    for _ in range(2):
        assert run(tmp_path, "audit", "checkpoint", "--to", kept).exit_code == 0
    assert run(tmp_path, "outbox", "restore", backup, "--reason", "the disk is lost").exit_code == 0
    refused = run(tmp_path, "audit", "checkpoint", "--to", kept)
    assert refused.exit_code == 1
    assert (
        refused.stderr.strip() == f"shim: {kept}: the file knows checkpoints that this state has lost; begin a new file"
    )
    assert len(Path(kept).read_text().splitlines()) == 3
    new = str(tmp_path / "new.jsonl")
    assert run(tmp_path, "audit", "checkpoint", "--to", new).exit_code == 0
    assert run(tmp_path, "audit", "verify", "--checkpoints", new).exit_code == 0
