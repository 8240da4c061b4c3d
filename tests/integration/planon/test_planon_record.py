"""What `shim record` writes, on a simulator: no credential, nobody, and nothing at all when something is not known."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from adapters.planon import adapter
from contracts.desks import Call
from contracts.snapshots import SnapshotRefused
from contracts.wire import Answered
from schemas.nodes import nodes
from shim.cli.commands import app
from shim.demo import write_configuration
from shim.drift.comparing import Descriptions
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.recording import calls
from shim.recording.capture import Recorder, record
from shim.recording.disguise import load_phrases
from shim.recording.recorded import dumped, load_recording
from shim.recording.replay import ports
from shim.root import open_deployment_state
from shim.settings import load
from simulators.planon.exchange import Account
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.planon_site import TENANT, options_for
from tests.integration.planon.recordings import (
    CASES,
    FOLDER,
    KEY,
    NOW,
    NUMBER,
    PERSONAL,
    called,
    recorded,
    recorded_on,
    standing,
)

ACCOUNT: Final = Account("shim-of-the-site", "Zeer-geheim-4711")
SEARCHED: Final = (*PERSONAL, TENANT, "INC-000002", "LS-RECORDED", "1002", "2026-11-19", "LOC-", "PRP-")
"""What stands in the exchanges of a report; its date is another one in a recording."""


@pytest.mark.parametrize("name", ["create-incident", "log-note", "get-incident-session-renewed"])
def test_the_repository_has_what_is_recorded_now(name: str) -> None:
    """A simulator or an adapter that changed its exchanges shows here; the same code gives the same file."""
    assert dumped(recorded(name)) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["get-incident", "create-incident"])
def test_no_credential_reaches_an_observer(tmp_path: Path, name: str) -> None:
    """Neither account nor session, in bodies, headers or representations, of SOAP and of AppSuite."""
    with PlanonSimulator(tmp_path / "replica.sqlite", account=ACCOUNT) as simulator:
        wire, case = Recorder(), called(simulator, CASES[name])
        desk = adapter.build(options_for(simulator, replica_deadline_s=60), ports(NOW, wire))
        asked = getattr(desk, case.contract.name)
        if name == "create-incident":
            assert calls.sent(desk, calls.sending_of(asked(case.request, Call("LS-SEEN")), "LS-SEEN"))["sent"]
        else:
            assert calls.asked(desk, case.contract, case.request)["problem"] == "not-found"
        sessions = list(simulator._sessions._used_at)
        desk.close()
    seen = repr(wire.exchanges)
    basic = b64encode(f"{ACCOUNT.user}:{ACCOUNT.password}".encode()).decode()
    assert len(sessions) == 1
    assert [word for word in (ACCOUNT.user, ACCOUNT.password, basic, "Authorization", *sessions) if word in seen] == []
    assert [word for word in ("USER", "PASSWORD", "SESSION") if word not in seen] == []


def test_nothing_original_is_in_a_file(tmp_path: Path) -> None:
    """Every value of the exchanges is searched, and the same search finds all of them before."""
    with standing(tmp_path) as simulator:
        case = called(simulator, CASES["create-incident"])
        wire = Recorder()
        desk = adapter.build(options_for(simulator), ports(NOW, wire))
        document = getattr(desk, case.contract.name)(case.request, Call("LS-RECORDED"))
        calls.sent(desk, calls.sending_of(document, "LS-RECORDED"))
        desk.close()
        written = dumped(recorded_on(simulator, CASES["create-incident"]))
    before = "".join(
        body.decode()
        for each in wire.exchanges
        for body in (each.asked.body, each.outcome.body if isinstance(each.outcome, Answered) else None)
        if body is not None
    )
    assert [value for value in SEARCHED if value not in before] == []
    assert [value for value in (*SEARCHED, "INC-000003", "1003", "planon-sandbox") if value in written] == []
    kept = {"mandant", "status", "priority", "fieldName", "operator", "faultcode"}
    texts = {
        node.text.strip()
        for each in wire.exchanges
        if each.asked.body is not None
        for node in nodes(each.asked.body)
        if node.leaf and node.name not in kept and not node.name.startswith(("args", "BO_"))
    }
    assert [text for text in texts if len(text) > 3 and text in written] == []


def test_an_error_page_is_not_shown(tmp_path: Path) -> None:
    """A proxy's page may pass for XML; of what is no XML by its media type an observer sees the length alone."""
    with standing(tmp_path) as simulator:
        case = called(simulator, CASES["get-incident-gateway"])
        wire = Recorder()
        desk = adapter.build(options_for(simulator), ports(NOW, wire))
        assert calls.asked(desk, case.contract, case.request)["problem"]
        desk.close()
    outcome = wire.exchanges[2].outcome
    assert isinstance(outcome, Answered)
    assert (outcome.status, outcome.headers, outcome.body) == (502, {"Content-Type": "text/html"}, None)
    assert outcome.length > 0


def test_an_element_that_the_policy_does_not_know_stops_the_recording(tmp_path: Path) -> None:
    """All of them are named, and none of their values."""
    text = adapter.personal.read_text(encoding="utf-8") if adapter.personal else ""
    lacking = [line for line in text.splitlines() if not line.startswith(("description ", "tenantId "))]
    policy = tmp_path / "policy.toml"
    policy.write_text("\n".join(lacking), encoding="utf-8")
    with standing(tmp_path) as simulator:
        case = called(simulator, CASES["get-incident"])
        with pytest.raises(SnapshotRefused, match="return/description, return/tenantId") as caught:
            record(case, KEY, load_policy(policy), load_phrases(policy))
    assert not any(value in str(caught.value) for value in PERSONAL)


def test_a_recording_that_does_not_play_is_refused(tmp_path: Path) -> None:
    """A policy that gives one value two pseudonyms makes of a record that agrees one that differs."""
    text = adapter.personal.read_text(encoding="utf-8") if adapter.personal else ""
    assert text.count('externalReference = "opaque:reference"') == 1
    policy = tmp_path / "policy.toml"
    policy.write_text(
        text.replace('externalReference = "opaque:reference"', 'externalReference = "opaque:other"'), encoding="utf-8"
    )
    with standing(tmp_path) as simulator:
        case = called(simulator, CASES["create-incident"])
        with pytest.raises(SnapshotRefused, match=r"cannot be played|gives something else when it is played"):
            record(case, KEY, load_policy(policy), load_phrases(policy))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    PseudonymKey.make(tmp_path / "keys" / "pseudonyms.key")
    return tmp_path / "keys" / "pseudonyms.key"


def run(configuration: Path, *arguments: str) -> tuple[int, str]:
    """Run the command `shim` in this process; return its exit code and all that it printed."""
    done = CliRunner().invoke(app, ["--config", str(configuration), *arguments])
    return done.exit_code, done.output


def test_the_command_writes_a_recording_that_plays(tmp_path: Path, key: Path) -> None:
    """One call, one file for its owner alone; and each refusal is one line, with nothing written or sent."""
    with standing(tmp_path) as simulator:
        shim = write_configuration(tmp_path, {"planon": {"adapter": "planon"} | plain(simulator)})
        request = tmp_path / "request.json"
        request.write_text(json.dumps({"tenant": TENANT, "incident": NUMBER}), encoding="utf-8")

        def recording(file: Path, contract: str, given: str = str(request)) -> tuple[int, str]:
            options = ("--contract", contract, "--request", given, "--key", str(key))
            return run(shim, "record", "planon", str(file), *options)

        done = recording(tmp_path / "one.json", "get_incident")
        refusals = {
            "is there already": recording(tmp_path / "one.json", "get_incident"),
            "say so with --write": recording(tmp_path / "two.json", "log_note"),
            "lies beside": recording(key.parent / "three.json", "get_incident"),
            "made no exchange over HTTP": recording(tmp_path / "four.json", "list_at_risk", "{}"),
            "there is no contract": recording(tmp_path / "five.json", "close_incident"),
            "the request does not fit": recording(tmp_path / "six.json", "get_incident", '{"tenant": "T"}'),
        }
        tally = simulator.tally()
    assert done[0] == 0, done[1]
    assert "3 exchanges of get_incident" in done[1]
    assert load_recording(tmp_path / "one.json").contract == "get_incident"
    assert (tmp_path / "one.json").stat().st_mode & 0o077 == 0
    for why, (code, told) in refusals.items():
        assert (code, told.count("\n")) == (2, 1), told
        assert why in told
    assert sorted(each.name for each in tmp_path.glob("**/*.json")) == ["one.json", "request.json"]
    assert tally["notes"] == 0


def test_what_writes_is_recorded_when_that_is_said(tmp_path: Path, key: Path) -> None:
    """Once, with a warning that names the reference of the record that stays."""
    with standing(tmp_path) as simulator:
        shim = write_configuration(tmp_path, {"planon": {"adapter": "planon"} | plain(simulator)})
        given = {"tenant": TENANT, "incident": NUMBER, "text": PERSONAL[0], "reported_at": NOW.isoformat()}
        arguments = ("--contract", "log_note", "--request", json.dumps(given), "--key", str(key), "--write")
        code, told = run(shim, "record", "planon", str(tmp_path / "note.json"), *arguments)
        tally = simulator.tally()
    assert code == 0, told
    assert "this writes into planon: a real record with the external reference LS-REC-" in told
    assert tally["notes"] == 1
    assert PERSONAL[0] not in (tmp_path / "note.json").read_text(encoding="utf-8")


def test_nothing_is_written_with_files_that_nobody_has_accepted(tmp_path: Path, key: Path) -> None:
    """As the service would not; what only reads is recorded all the same."""
    with standing(tmp_path) as simulator:
        shim = write_configuration(tmp_path, {"planon": {"adapter": "planon"} | plain(simulator)})
        with open_deployment_state(load(shim)) as opened:
            Descriptions(opened.database).accept("planon", {"mapping planon.toml": "another"}, "root", "before")
        note = {"tenant": TENANT, "incident": NUMBER, "text": "x", "reported_at": NOW.isoformat()}
        refused = run(
            *(shim, "record", "planon", str(tmp_path / "note.json"), "--contract", "log_note", "--write"),
            *("--request", json.dumps(note), "--key", str(key)),
        )
        read = run(
            *(shim, "record", "planon", str(tmp_path / "read.json"), "--contract", "get_incident"),
            *("--request", json.dumps({"tenant": TENANT, "incident": NUMBER}), "--key", str(key)),
        )
        tally = simulator.tally()
    assert (refused[0], read[0], tally["notes"]) == (2, 0, 0)
    assert "planon is read-only" in refused[1]


def plain(simulator: PlanonSimulator) -> dict[str, object]:
    """Options as a configuration has them."""
    options = options_for(simulator)
    return {
        "soap_url": options.soap_url,
        "appsuite_url": options.appsuite_url,
        "user": options.user,
        "password": options.password.get_secret_value(),
        "replica_url": options.replica_url.get_secret_value(),
    }


def test_a_backend_that_is_not_spoken_to_over_http_is_refused(tmp_path: Path, key: Path) -> None:
    """Before anything is opened."""
    shim = write_configuration(tmp_path, {"praktijk": {"adapter": "intramed", "database": str(tmp_path / "none.fdb")}})
    arguments = ("--contract", "log_note", "--write", "--request", "{}", "--key", str(key))
    code, told = run(shim, "record", "praktijk", str(tmp_path / "a.json"), *arguments)
    assert code == 2
    assert "no exchange with it can be recorded" in told
