"""How sections are run: in time whatever hangs, and to the end whatever fails."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.catalogue import DeskKind
from contracts.desks import Adapter
from contracts.examination import Diagnosis, Examination, Level, Step
from shim.doctor import disk, state, systems
from shim.doctor.run import examine
from shim.settings import ConfigurationError, Settings

WRONG = Diagnosis("wrong", Level.BROKEN, "it is wrong", "It matters.", "Mend it.")
ODD = Diagnosis("odd", Level.WARNING, "it is odd", "It may matter.", "Look at it.")


class Options(BaseModel):
    """None."""


def configuration(folder: Path, *systems: str) -> Path:
    """Write a deployment with systems of the stand-in adapter."""
    lines = ['deployment = "demo"', f'state = "{folder / "shim.db"}"', f'master_key = "{folder / "master.key"}"']
    lines += [f'[systems.{name}]\nadapter = "stand-in"' for name in systems]
    path = folder / "shim.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return path


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in adapter; a test says how it examines."""
    told = SimpleNamespace(examine=lambda _options, _examination: iter(()))

    def examine_one(options: Any, examination: Examination) -> Iterator[Step]:
        yield from told.examine(options, examination)

    made = Adapter(DeskKind.PRACTICE, Options, lambda *_: None, lambda _: [], examine_one)  # type: ignore[arg-type]
    monkeypatch.setattr(systems, "find_adapter", lambda _name: made)
    monkeypatch.setattr(systems, "adapter_and_options", lambda _name, _section: (made, Options()))
    monkeypatch.setattr("shim.exposures.adapter_and_options", lambda _name, _section: (made, Options()))
    return told


def test_a_hung_step_is_left_and_the_others_are_told(adapter: SimpleNamespace, tmp_path: Path) -> None:
    """The steps before it stay; the other systems lose nothing; whoever hangs keeps no process alive."""
    never = threading.Event()

    def hang(_options: Any, examination: Examination) -> Iterator[Step]:
        yield Step("name")
        if examination.system == "first":
            never.wait(600)
        yield Step("port")

    adapter.examine = hang
    report = examine(configuration(tmp_path, "first", "second"), within_s=3)
    assert report.seconds < 15
    seen = {section.name: [step.name for step in section.steps] for section in report.sections}
    assert seen["systems.first"][-2:] == ["name", "no answer"]
    assert seen["systems.second"][-2:] == ["name", "port"]
    (finding,) = [finding for finding in report.findings if finding.diagnosis.level is Level.BROKEN]
    assert finding.diagnosis.code == "no-answer"
    assert finding.detail == "systems.first: after the step name"
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("doctor"))
    never.set()


def test_an_examination_is_told_its_end_before_doctors_own(adapter: SimpleNamespace, tmp_path: Path) -> None:
    """So that an adapter can say itself what did not answer."""
    ends = []

    def note(_options: Any, examination: Examination) -> Iterator[Step]:
        ends.append(examination.until - time.monotonic())
        yield Step("name")

    adapter.examine = note
    examine(configuration(tmp_path, "first"), within_s=12)
    assert 5 < ends[0] <= 10


def test_a_defect_in_a_check_is_a_finding(
    adapter: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the type of the error and never its text; every other section is there, and so is what came before."""

    def fail(_options: Any, _examination: Examination) -> Iterator[Step]:
        yield Step("name")
        raise ZeroDivisionError("mevrouw Jansen")

    def broken(*_: Any) -> Iterator[Step]:
        raise KeyError("x")

    adapter.examine = fail
    monkeypatch.setattr(disk, "look", broken)
    report = examine(configuration(tmp_path, "first"))
    found = {finding.detail for finding in report.findings if finding.diagnosis.code == "check-failed"}
    assert found == {"ZeroDivisionError", "KeyError"}
    steps = next(section.steps for section in report.sections if section.name == "systems.first")
    assert [step.name for step in steps][-2:] == ["name", "the check"]
    assert "Jansen" not in str(report)


@pytest.mark.parametrize(("found", "code"), [((), 0), ((ODD,), 0), ((WRONG,), 1), ((ODD, WRONG), 1)])
def test_only_what_is_broken_is_an_error(
    adapter: SimpleNamespace, tmp_path: Path, found: tuple[Diagnosis, ...], code: int
) -> None:
    """Warnings are allowed."""
    adapter.examine = lambda *_: iter([Step("x", tuple(one.found() for one in found))])
    assert examine(configuration(tmp_path, "first")).exit_code == code


def test_one_system_can_be_named(adapter: SimpleNamespace, tmp_path: Path) -> None:
    """The others are left alone; one that is not configured is an error and no finding."""
    del adapter
    config = configuration(tmp_path, "first", "second")
    report = examine(config, only="second")
    assert [s.name for s in report.sections if s.name.startswith("systems")] == ["systems.second"]
    with pytest.raises(ConfigurationError, match="there are: first, second"):
        examine(config, only="third")


def test_nothing_is_made(adapter: SimpleNamespace, tmp_path: Path) -> None:
    """Neither a state nor a key nor anything else beside the configuration."""
    del adapter
    config = configuration(tmp_path, "first")
    examine(config)
    assert list(tmp_path.iterdir()) == [config]


def test_an_adapter_that_examines_nothing_is_said_to(
    adapter: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's adapter need not."""
    del adapter
    made = Adapter(DeskKind.PRACTICE, Options, lambda *_: None, lambda _: [])  # type: ignore[arg-type]
    monkeypatch.setattr(systems, "adapter_and_options", lambda _name, _section: (made, Options()))
    last = examine(configuration(tmp_path, "first")).sections[-1].steps[-1]
    assert last.skipped == "the adapter stand-in examines nothing"


def test_a_state_that_takes_too_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a server's name that is looked up for half a minute: the systems are examined in that time."""
    answer = threading.Event()
    monkeypatch.setattr(state, "_CURRENT_S", 0.05)
    monkeypatch.setattr(state, "_is_current", lambda _settings: answer.wait(5) in {True, False})
    settings = Settings(deployment="a", state=str(tmp_path / "shim.db"), master_key=tmp_path / "key")
    assert not state.is_current(settings)
    answer.set()
    monkeypatch.setattr(state, "_CURRENT_S", 60)
    assert state.is_current(settings)
