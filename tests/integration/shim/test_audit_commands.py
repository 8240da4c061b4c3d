"""The audit as an administrator types it; and every command is in it."""

import json
import shutil
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from standardwebhooks import Webhook as Verifying
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from shim.audit.files import lines_of
from shim.audit.signing import Trusted, Verdict
from shim.cli.administered import LOOKS, PLACING, VALUES, AdministeredGroup
from shim.cli.commands import app
from tests.integration.shim.test_alerts import KEY, listening
from tests.unit.shim.audit.record import tampering

CONFIGURATION = """\
deployment = "tilburg"
state = "{folder}/state.db"
master_key = "{folder}/master.key"
"""


class Shim:
    """A deployment without systems, and its command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state.db"
        self.configuration = folder / "shim.toml"
        self.configuration.write_text(CONFIGURATION.format(folder=folder))

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(self.configuration), *arguments], catch_exceptions=False)

    def told(self, *arguments: str, code: int = 0) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def rows(self, action: str | None = None) -> list[dict[str, Any]]:
        with sqlite3.connect(self.state) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute("SELECT * FROM audit_event ORDER BY chain, n")]
        connection.close()
        return [{**row, "detail": json.loads(row["detail"])} for row in found if action in {None, row["action"]}]


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    made = Shim(tmp_path)
    assert made.run("outbox", "status").exit_code == 0
    return made


def test_every_command_is_in_a_group_that_is_in_the_audit() -> None:
    """No group is added without it, and what is named here exists."""
    names: set[str] = set()
    options: set[str] = set()

    def walk(group: TyperGroup, path: str) -> None:
        assert isinstance(group, AdministeredGroup), path
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                walk(command, f"{path}{name} ")
            else:
                names.add(f"{path}{name}")
                options.update(str(parameter.name) for parameter in command.params)

    top = typer.main.get_command(app)
    assert isinstance(top, TyperGroup)
    walk(top, "")
    assert len(names) > 30
    assert names > LOOKS | PLACING
    assert options >= VALUES


def test_a_command_is_told_before_and_after(shim: Shim) -> None:
    """Who, what, with which options, why, and how it ended; what may be about a person is masked or left out."""
    why = "the caller 111222333 asked twice"
    assert shim.run("outbox", "retry", "dl_0123", "--reason", "beller heeft BSN 111222333").exit_code == 2
    assert shim.run("outbox", "resume", "planon", "--reason", "back again").exit_code == 2
    refused, (intent, outcome) = shim.rows("shim outbox retry"), shim.rows("shim outbox resume")
    assert [row["phase"] for row in refused] == ["intent", "outcome"]
    assert "111222333" not in json.dumps(refused)
    assert "[BSN]" in refused[0]["purpose"]
    assert refused[0]["detail"]["entry_id"] == "dl_0123"
    assert (intent["phase"], intent["outcome"], intent["status"]) == ("intent", None, None)
    assert (outcome["phase"], outcome["outcome"], outcome["status"]) == ("outcome", "exit 2", 2)
    assert intent["access"] == outcome["access"]
    assert intent["actor"]
    assert (intent["system"], intent["purpose"]) == ("planon", "back again")
    assert intent["detail"]["options"] == ["destination", "reason"]
    assert why not in json.dumps(shim.rows())


def test_without_an_intent_a_command_does_not_happen(shim: Shim) -> None:
    """But for looks that show nobody's data, which say that they are not told."""
    with sqlite3.connect(shim.state) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
        )
    connection.close()
    added = shim.run("clients", "add", "agent", "-s", "shim:metrics")
    assert (added.exit_code, added.stdout, added.stderr) == (2, "", "shim: the disk is full\n")
    looked = shim.run("outbox", "status")
    assert looked.exit_code == 0
    assert looked.stderr == "shim: this command is not in the audit: the disk is full\n"
    assert "Nothing waits" in looked.stdout
    with sqlite3.connect(shim.state) as connection:
        connection.execute("DROP TRIGGER full")
        assert connection.execute("SELECT COUNT(*) FROM client").fetchone() == (0,)
    connection.close()
    assert shim.told("clients", "list") == []


def test_a_broken_configuration_is_told_once(tmp_path: Path) -> None:
    """The command's own line, and none about the audit."""
    shim = Shim(tmp_path)
    shim.configuration.write_text("deployment = 1\nwhat = 2\n")
    for arguments in (("outbox", "status"), ("clients", "add", "agent", "-s", "shim:metrics")):
        result = shim.run(*arguments)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1


def test_checkpoints_are_kept_and_verified(shim: Shim) -> None:
    """From the first to a tampering that the file finds, on this machine and on another one with the public key."""
    file = shim.folder / "checkpoints.jsonl"
    first = shim.told("audit", "checkpoint")
    second = shim.told("audit", "checkpoint", "--to", str(file))
    assert (first["number"], second["number"], second["failed"]) == (1, 2, [])
    assert len(file.read_text().splitlines()) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    good = shim.told("audit", "verify", "--checkpoints", str(file))
    assert (good["found"], good["checkpoints"]) == (0, 2)
    assert "nobody can tell" in " ".join(shim.run("audit", "verify").stdout.split())

    shim.run("outbox", "backup", str(shim.folder / "kept.db"))
    elsewhere = shim.folder / "elsewhere"
    elsewhere.mkdir()
    kept = shutil.copy(shim.folder / "kept.db", elsewhere)
    offline = ["--config", str(elsewhere / "none.toml"), "audit", "verify", "--state", str(kept)]
    offline += ["--checkpoints", str(file)]
    runner = CliRunner()
    assert runner.invoke(app, offline).exit_code == 2  # no key to believe in
    believed = [*offline, "--public-key", second["public_key"]]
    assert runner.invoke(app, believed).exit_code == 0
    assert runner.invoke(app, [*offline, "--public-key", "00" * 32]).exit_code in {1, 2}

    with tampering(Path(kept)) as connection:
        connection.execute("UPDATE audit_event SET actor = 'nobody' WHERE n = 1")
    damaged = runner.invoke(app, believed)
    assert damaged.exit_code == 1
    assert "row 1: it was changed" in damaged.stdout


def test_a_file_that_cannot_be_written_is_told(shim: Shim) -> None:
    """The checkpoint is in the state all the same; and an address must be private, and have a secret."""
    result = shim.run("audit", "checkpoint", "--to", str(shim.folder / "missing" / "file"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert shim.run("audit", "checkpoint", "--to", "http://elsewhere.example/").exit_code == 1
    assert "alert_secret" in shim.run("audit", "checkpoint", "--to", "https://elsewhere.example/").stderr
    assert shim.told("audit", "verify")["checkpoints"] == 3


def test_a_checkpoint_is_posted(shim: Shim) -> None:
    """Signed as a message and as a checkpoint; what the receiver keeps are the lines of a file. No token is printed."""
    shim.configuration.write_text(f'{shim.configuration.read_text()}[outbox]\nalert_secret = "{KEY}"\n')
    with listening() as ear:
        told = shim.told("audit", "checkpoint", "--to", ear.url)
        ear.refusals = [503]
        refused = shim.run("audit", "checkpoint", "--to", ear.url)
    assert (refused.exit_code, "HTTP 503" in refused.stderr) == (1, True)
    assert "secret-in-the-address" not in refused.stderr + json.dumps(shim.rows())
    headers, body = ear.posts[0]
    message = Verifying(KEY).verify(body, {name.lower(): value for name, value in headers.items()})
    assert (message["type"], message["data"]["deployment"]) == ("audit.checkpoint", "tilburg")
    kept = shim.folder / "kept.jsonl"
    kept.write_text(json.dumps(message["data"]) + "\n")
    (line,) = lines_of(kept)
    assert line.checkpoint
    public = told["public_key"]
    assert Trusted([public]).judge(line.checkpoint.body, line.checkpoint.signature, public) is Verdict.GOOD
    assert shim.told("audit", "verify", "--checkpoints", str(kept))["found"] == 0


def test_a_search_is_told_before_it_shows_anything(shim: Shim) -> None:
    """With the person that was looked for, as the audit names persons: found again by the backend's key."""
    shim.run("audit", "search", "--subject", "intramed:patient:P-0815", "--since", "2h", "--limit", "5")
    found = shim.told("audit", "search", "--subject", "intramed:PT:P-0815")
    assert [row["phase"] for row in found] == ["intent", "outcome", "intent"]
    assert {row["action"] for row in found} == {"shim audit search"}
    assert found[1]["detail"]["found"] == 1
    assert "P-0815" not in json.dumps(shim.rows())
    assert shim.told("audit", "search", "--subject", "intramed:patient:P-0816", "--until", "2020-01-01") == []
    assert shim.run("audit", "search", "--subject", "P-0815").exit_code == 2
    assert shim.run("audit", "search", "--since", "yesterday").exit_code == 2
    assert "are the newest" in shim.run("audit", "search", "--limit", "1").stdout


def test_an_export_is_lines(shim: Shim) -> None:
    """Of the audit's own form, or FHIR's; to a file that is new and its owner's."""
    for number, options in enumerate(((), ("--fhir",))):
        file = shim.folder / f"export-{number}.jsonl"
        told = shim.told("audit", "export", "--to", str(file), *options)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert told["rows"] == len(lines) == len(shim.rows()) - 1  # its own outcome came later
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert {line.get("resourceType") for line in lines} == ({"AuditEvent"} if options else {None})
        assert shim.run("audit", "export", "--to", str(file)).exit_code == 2
    assert shim.told("audit", "export", "--to", str(shim.folder / "late"), "--since", "2999-01-01")["rows"] == 0


def test_less_than_five_years_needs_a_reason(shim: Shim) -> None:
    """And a prune is told with it, with how many rows are gone."""
    refused = shim.run("audit", "prune", "--keep", "4y")
    assert refused.exit_code == 2
    assert "--shorter-because" in refused.stderr
    assert shim.run("audit", "prune", "--keep", "soon").exit_code == 2
    assert shim.told("audit", "prune", "--keep", "5y")["rows"] == 0


def test_a_prune_leaves_the_rest_verifiable(shim: Shim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six years later, with the checkpoints of before."""
    file = shim.folder / "checkpoints.jsonl"
    shim.run("clients", "list")
    shim.run("audit", "checkpoint", "--to", str(file))
    before = len(shim.rows())
    now = datetime.now(UTC)
    monkeypatch.setattr("shim.root.utc_now", lambda: now.replace(year=now.year + 6, day=28))
    dry = shim.told("audit", "prune", "--keep", "5y", "--dry-run")
    assert dry["rows"] == before - 1  # the outcome of the checkpoint is after it
    pruned = shim.told("audit", "prune", "--keep", "5y")
    assert (pruned["rows"], pruned["left"]) == (dry["rows"], [])
    (outcome,) = [row for row in shim.rows("shim audit prune") if row["detail"].get("rows")]
    assert (outcome["phase"], outcome["outcome"], outcome["detail"]["keep"]) == ("outcome", "ok", "5y")
    shim.run("audit", "checkpoint", "--to", str(file))
    assert shim.told("audit", "verify", "--checkpoints", str(file))["found"] == 0
    with tampering(shim.state) as connection:
        connection.execute("UPDATE audit_anchor SET pruned_at = 0")
    assert "anchor of chain" in shim.run("audit", "verify").stdout


def test_a_restore_and_an_import_are_told_in_the_new_state(shim: Shim) -> None:
    """Where they had begun is in the state that was there; a state that has only looked at itself is empty."""
    kept, lines = shim.folder / "kept.db", shim.folder / "lines.jsonl"
    assert shim.run("outbox", "backup", str(kept)).exit_code == 0
    assert shim.run("outbox", "restore", str(kept), "--reason", "a test").exit_code == 0
    assert [row["phase"] for row in shim.rows("shim outbox restore")] == ["outcome"]
    assert shim.run("outbox", "export", "--to", str(lines)).exit_code == 0
    (shim.state).unlink()
    assert shim.run("outbox", "status").exit_code == 0
    assert shim.run("outbox", "import", str(lines), "--reason", "a test").exit_code == 0
    assert [row["phase"] for row in shim.rows("shim outbox import")] == ["intent", "outcome"]
    assert shim.rows("shim outbox restore")
    assert shim.told("audit", "verify")["found"] == 0


def test_a_restore_of_nothing_makes_no_state(tmp_path: Path) -> None:
    """On a new machine there is none in which it could be told before."""
    shim = Shim(tmp_path)
    assert shim.run("outbox", "status").exit_code == 0
    assert shim.run("outbox", "backup", str(tmp_path / "kept.db")).exit_code == 0
    shim.state.unlink()
    told = shim.told("outbox", "restore", str(tmp_path / "kept.db"), "--reason", "a test")
    assert told["kept"] is None
    assert [row["phase"] for row in shim.rows("shim outbox restore")] == ["outcome"]
