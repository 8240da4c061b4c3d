"""The administrator's commands as they are typed: what they show, what they refuse, and what they leave behind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.delivery import Delivered, NotSent, Outcome, OutcomeUnknown, Rejected
from outbox.actions import account
from outbox.backoff import Backoff
from outbox.entry import Entry
from outbox.worker import Pace, Worker
from shim.cli.commands import app
from shim.cli.deployment import console, errors
from shim.demo import planon_section, write_configuration
from shim.root import open_deployment_state, utc_now
from shim.settings import load
from simulators.launch import PlanonAddress
from simulators.postgresql.bench import PostgresBench
from tests.integration.shim.site import command
from tests.unit.outbox.stand_ins import Receiver, accept

NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))
WHY = ("--reason", "mended by hand")
BSN = "123456782"


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Night:
    """A state after a bad night, and the commands on it."""

    configuration: Path
    entries: list[Entry]

    def run(self, *arguments: str) -> Answer:
        """Run the command in this process: starting one takes a second, and these are many."""
        ran = CliRunner().invoke(app, ["--config", str(self.configuration), "outbox", *arguments])
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
        return Answer(ran.exit_code, ran.stdout, ran.stderr)

    def told(self, *arguments: str, code: int = 0) -> Any:
        run = self.run(*arguments, "--json")
        assert run.returncode == code, run.stdout + run.stderr
        return json.loads(run.stdout)

    def refused(self, *arguments: str, code: int = 1) -> str:
        """Return the one line of a refusal, after which everything is as it was."""
        before = self.all()
        run = self.run(*arguments)
        assert (run.returncode, run.stdout) == (code, ""), run.stdout + run.stderr
        assert self.all() == before
        return run.stderr

    def all(self) -> list[tuple[Entry | None, int]]:
        with open_deployment_state(load(self.configuration)) as state:
            found = [state.outbox.get(entry.id) for entry in self.entries]
            return [(entry, len(state.outbox.actions(entry)) if entry else 0) for entry in found]

    def states(self) -> list[str]:
        return [str(entry.state) for entry, _ in self.all() if entry]

    def actions(self) -> list[tuple[str, str, str | None, str]]:
        with open_deployment_state(load(self.configuration)) as state:
            rows = state.database.read("SELECT actor, action, entry, reason FROM admin_action ORDER BY id")
            return [(row["actor"], row["action"], row["entry"], row["reason"]) for row in rows]


REJECTED, ANOTHER, MISMATCH, PUT_OFF, HEAD, WAITING, LANDED, UNKNOWN = range(8)


def happened(configuration: Path) -> Night:
    """Two rejections of one cause, one of another, an unknown, one put off, one that waits, one without its clock."""
    answers: list[Outcome | Exception] = [
        Rejected("document refused (HTTP 400, 312 bytes, fault E42, 0.02 s)"),
        Rejected("document refused (HTTP 400, 99 bytes, fault E42, 0.12 s)"),
        Rejected("validated with another schema or mapping; see `shim outbox supersede`"),
        NotSent("throttled (HTTP 429, 0.01 s)", 3600),
        Rejected("document refused (HTTP 400, 312 bytes, fault E43, 0.02 s)"),
        Delivered("INC-000001", attention="sla_missing"),
        OutcomeUnknown("broken: no whole answer (0.01 s)"),
    ]
    with open_deployment_state(load(configuration)) as state:
        receiver = Receiver(answers=answers)
        worker = Worker(state.outbox, {"planon": receiver}, utc_now, Backoff(3600, 3600), Pace(threads=0))
        worker.start()
        entries = []
        for number in range(UNKNOWN + 1):
            in_order = "tap" if number in {HEAD, WAITING} else None
            entries.append(accept(state.outbox, f"{number + 1:x}" + "0" * 31, order_key=in_order))
            while number != WAITING and len(receiver.sent) + (number > WAITING) <= number:
                assert worker.step("planon")
        assert worker.stop(1)
    return Night(configuration, entries)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")
    for screen in (console, errors):
        monkeypatch.setattr(screen, "_width", 100)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return happened(write_configuration(tmp_path, {"planon": planon_section(NOWHERE)}))


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Night]:
    """The same night on each kind of state."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    if request.param == "sqlite":
        yield happened(configuration)
        return
    bench: PostgresBench = request.getfixturevalue("durable_postgresql")
    with bench.database() as url:
        text = configuration.read_text("utf-8").replace(str(tmp_path / "shim.db"), url)
        configuration.write_text(text, "utf-8")
        yield happened(configuration)


def test_what_waits_is_told_at_a_glance(either: Night) -> None:
    """Counts by state, the oldest report, who must act: exit code 1; no wrapped word, and what to type next."""
    (told,) = either.told("status", code=1)["systems"]
    assert {name: told[name] for name in ("ready", "waiting", "in_flight", "unknown", "rejected", "parked")} == {
        "ready": 1,
        "waiting": 1,
        "in_flight": 0,
        "unknown": 1,
        "rejected": 4,
        "parked": 0,
    }
    assert (told["must_act"], told["attention"], told["delivered"]) == (4, {"sla_missing": 1}, 1)
    assert told["breaker"] == {"state": "closed", "since": None, "next_attempt_at": None}
    assert told["oldest_reported_at"] == "2026-11-19T21:14:03+00:00"
    run = either.run("status")
    assert run.returncode == 1
    assert "planon: somebody must act on 4" in run.stdout
    assert "shim outbox groups --system planon" in run.stdout
    assert "shim outbox list --attention --system planon" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 100
    assert "…" not in run.stdout


def test_failures_are_grouped_with_what_to_type_next(either: Night) -> None:
    """One line per cause, and the commands fit 100 columns."""
    told = either.told("groups", code=1)
    assert [(row["state"], row["entries"], row["cause"]) for row in told] == [
        ("rejected", 2, "document refused (HTTP 400, fault E42)"),
        ("rejected", 1, "document refused (HTTP 400, fault E43)"),
        ("rejected", 1, "validated with another schema or mapping; see `shim outbox supersede`"),
        ("unknown", 1, "broken: no whole answer"),
        ("ready", 1, "throttled (HTTP 429)"),
    ]
    screen = either.run("groups").stdout
    assert max(map(len, screen.splitlines())) <= 100
    for row, next_command in zip(told, ("retry", "retry", "supersede", "resolve", "retry"), strict=True):
        _, typed = screen.split(f"\n{row['group']}: ")
        assert f"shim outbox {next_command}" in typed
    either.told("retry", "--group", told[0]["group"], *WHY, "--dry-run")
    assert [row["id"] for row in either.told("list", "--group", told[0]["group"])] == [
        either.entries[n].id for n in (REJECTED, ANOTHER)
    ]


def test_a_group_is_taken_up_again_and_nothing_else(either: Night) -> None:
    """A dry run changes nothing, and names what it would take; then exactly that is done, and audited."""
    group = either.told("groups", code=1)[0]["group"]
    before = either.all()
    tried = either.told("retry", "--group", group, *WHY, "--dry-run")
    assert tried == {
        "dry_run": True,
        "entries": 2,
        "by": [{"system": "planon", "state": "rejected", "entries": 2}],
        "first": [either.entries[n].id for n in (REJECTED, ANOTHER)],
    }
    assert "2 would be retried: dl_10000000, dl_20000000. Nothing was changed." in either.run(
        "retry", "--group", group, *WHY, "--dry-run"
    ).stdout.replace("\n", " ")
    assert either.all() == before
    assert either.told("retry", "--group", group, *WHY) == {"done": 2, "left_out": 0}
    assert either.states() == ["ready", "ready", "rejected", "ready", "rejected", "waiting", "delivered", "unknown"]
    actor = account()
    assert either.actions() == [(actor, "retry", either.entries[n].id, "mended by hand") for n in (REJECTED, ANOTHER)]


def test_a_filter_gives_up_what_is_stuck(either: Night) -> None:
    """Not what still moves; what waited behind it goes on."""
    assert either.told("discard", "--system", "planon", *WHY) == {"done": 4, "left_out": 0}
    assert either.states() == [*["discarded"] * 3, "ready", "discarded", "ready", "delivered", "unknown"]
    assert len(either.actions()) == 4


def test_all_is_well_when_nobody_must_act_or_look(night: Night) -> None:
    """The exit code of status is 1 for a delivered record without its clock as well, until somebody has seen it."""
    night.told("discard", "--system", "planon", *WHY)
    night.told("status", code=1)
    assert night.run("seen", night.entries[LANDED].id, *WHY).returncode == 0
    (told,) = night.told("status")["systems"]
    assert (told["must_act"], told["attention"], told["unknown"]) == (0, {}, 1)
    assert night.actions()[-1] == (account(), "seen", night.entries[LANDED].id, "mended by hand")
    assert "Nobody needs to act." in night.run("status").stdout


def test_one_delivery_is_shown_with_what_was_done_to_it(night: Night) -> None:
    """`show` is `shim explain`."""
    head = night.entries[HEAD].id
    assert night.run("retry", head, *WHY).returncode == 0
    shown = night.told("show", head)
    (action,) = shown["actions"]
    assert (action["actor"], action["action"], action["reason"]) == (account(), "retry", "mended by hand")
    assert action["detail"] == {"was": "rejected", "is": "ready", "not_there": False}
    assert "mended by hand" in night.run("show", head).stdout
    explained = command(night.configuration, "explain", head, "--json")
    assert (json.loads(explained.stdout), explained.returncode) == (shown, 0)


def test_an_unknown_one_has_two_ways_out(night: Night) -> None:
    """Somebody has looked: it is there, or it is not."""
    unknown = night.entries[UNKNOWN].id
    assert "may have it" in night.refused("discard", unknown, *WHY)
    assert "--may-exist" in night.refused("discard", "--state", "unknown", *WHY, code=2)
    assert "one delivery" in night.refused("retry", "--state", "unknown", "--not-there", *WHY, code=2)
    assert "has brought INC-000001" in night.refused("resolve", unknown, "--backend-id", "INC-000001", *WHY)
    tried = night.run("retry", unknown, *WHY, "--dry-run")
    assert "asked for it first" in tried.stdout
    resolved = night.told("resolve", unknown, "--backend-id", "INC-000482", *WHY)
    assert (resolved["state"], resolved["backend_id"]) == ("delivered", "INC-000482")
    assert night.actions() == [(account(), "resolve", unknown, "mended by hand")]
    assert "is delivered" in night.refused("resolve", unknown, "--backend-id", "INC-000483", *WHY)


def test_nobody_is_guessed(night: Night) -> None:
    """More than one, none, and everything by saying nothing: refused, and who might be meant is named."""
    twin = f"dl_1{'0' * 30}1"
    with open_deployment_state(load(night.configuration)) as state:
        accept(state.outbox, twin.removeprefix("dl_"))
    for name, more in (
        ("retry", WHY),
        ("discard", WHY),
        ("show", ()),
        ("supersede", WHY),
        ("resolve", (*WHY, "--backend-id", "x")),
    ):
        line = night.refused(name, "dl_10", *more)
        assert night.entries[REJECTED].id in line
        assert twin in line
    assert "no delivery starts with dl_f" in night.refused("discard", "dl_f", *WHY)
    assert "no group is 000000" in night.refused("retry", "--group", "000000", *WHY)
    for name in ("retry", "discard"):
        assert "name one delivery" in night.refused(name, *WHY, code=2)
        assert "name one delivery" in night.refused(name, "dl_10", "--system", "planon", *WHY, code=2)
    assert "no system 'plano'" in night.refused("retry", "--system", "plano", *WHY, code=2)
    assert "is no age" in night.refused("discard", "--older-than", "2 moons", *WHY, code=2)


def test_a_reason_is_needed_and_names_nobody(night: Night) -> None:
    """It is kept for good, so a citizen's number is refused."""
    head = night.entries[HEAD].id
    for name in ("retry", "discard", "supersede", "pause", "resume"):
        assert night.run(name, "planon" if name in {"pause", "resume"} else head).returncode == 2
    assert "say why" in night.refused("retry", head, "--reason", " ", code=2)
    assert "may be a person's" in night.refused("discard", head, "--reason", f"of {BSN}", code=2)


def test_a_waiting_one_names_what_it_waits_for(night: Night) -> None:
    """To retry it would not help; to give its head up, or to retry that, does; a dry run says so."""
    waiting, head = night.entries[WAITING].id, night.entries[HEAD].id
    assert f"behind {head}, which is rejected" in night.refused("retry", waiting, *WHY)
    assert "1 behind it would go on" in night.run("discard", head, *WHY, "--dry-run").stdout
    assert night.states()[HEAD] == "rejected"
    assert night.run("discard", head, *WHY).returncode == 0
    assert night.states()[WAITING] == "ready"


def test_a_list_is_filtered(night: Night) -> None:
    """By state, key, age and number; the newest first when asked."""
    ids = [entry.id for entry in night.entries]
    assert [row["id"] for row in night.told("list")] == [*ids[:LANDED], ids[UNKNOWN]]
    assert [row["id"] for row in night.told("list", "--newest", "--limit", "2")] == [ids[UNKNOWN], ids[WAITING]]
    assert [row["id"] for row in night.told("list", "--key", ids[HEAD])] == [ids[HEAD], ids[WAITING]]
    assert [row["id"] for row in night.told("list", "--state", "delivered")] == [ids[LANDED]]
    assert len(night.told("list", "--older-than", "1h")) == 7
    assert night.told("list", "--older-than", "36500d") == []
    assert [row["state"] for row in night.told("list", "--state", "waiting")] == ["waiting"]
    screen = night.run("list")
    assert all(entry.id[:11] in screen.stdout for entry in night.entries[:LANDED])
    assert max(map(len, screen.stdout.splitlines())) <= 100


def test_a_system_is_paused_and_resumed(night: Night) -> None:
    """Status says since when and why; a drain delivers nothing meanwhile, and says so."""
    assert night.run("pause", "planon", "--reason", "upgrade of Planon").returncode == 0
    (told,) = night.told("status", code=1)["systems"]
    assert told["paused"]["reason"] == "upgrade of Planon"
    assert "upgrade of Planon" in night.run("status").stdout
    drained = night.told("drain", "--wait", "20", code=1)
    assert (drained["delivered"], drained["paused"]) == (0, ["planon"])
    assert night.run("resume", "planon", "--reason", "upgraded").returncode == 0
    assert "not paused" in night.refused("resume", "planon", "--reason", "upgraded")
    assert [(action, reason) for _, action, _, reason in night.actions()] == [
        ("pause", "upgrade of Planon"),
        ("drain", ""),
        ("resume", "upgraded"),
    ]


def test_what_no_request_is_kept_of_is_not_composed(night: Night) -> None:
    """An entry of an earlier release: it says so, and leaves it as it is."""
    line = night.refused("supersede", night.entries[MISMATCH].id, *WHY)
    assert "no request is kept" in line
    assert "may have" in night.refused("supersede", night.entries[UNKNOWN].id, *WHY)
    assert "--group" in night.refused("supersede", *WHY, code=2)
