"""Examines a whole deployment: each section in a thread of its own, so that none waits for another, or for ever."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.errors import StateUnavailable
from contracts.examination import CHECK_FAILED, NO_ANSWER, Diagnosis, Step
from contracts.examination import DIAGNOSES as OF_ANY
from shim.doctor import backlog, configured, disk, files, ill_state, listening, state, systems, times
from shim.doctor.machine import Machine
from shim.doctor.report import Report, Section
from shim.settings import ConfigurationError, Settings

WITHIN_S: Final = 12.0
"""Everything ends by then: an administrator looks at a terminal."""
_GRACE_S: Final = 2.0
"""What is left of that for saying what did not answer."""
DIAGNOSES: Final[tuple[tuple[str, tuple[Diagnosis, ...]], ...]] = (
    ("configuration", configured.DIAGNOSES),
    ("files", files.DIAGNOSES),
    ("state", ill_state.DIAGNOSES),
    ("disk", disk.DIAGNOSES),
    ("service", listening.DIAGNOSES),
    ("time", times.DIAGNOSES),
    ("outbox", backlog.DIAGNOSES),
    ("any system", systems.DIAGNOSES),
    ("any step", OF_ANY),
)
"""What can be found besides what each adapter finds."""

Look = Callable[[], Iterator[Step]]


@dataclass(slots=True)
class _Running:
    """One section while it is looked at; the thread adds, and whoever waits reads once it is over."""

    name: str
    look: Look
    steps: list[Step] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        # A daemon: a driver that never comes back does not keep the process.
        threading.Thread(target=self._run, name=f"doctor {self.name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.steps.extend(self.look())
        except Exception as error:  # noqa: BLE001 - a defect in one check costs no other
            self.steps.append(Step("the check", (CHECK_FAILED.found(type(error).__name__),)))
        finally:
            self.done.set()

    def section(self, until: float) -> Section:
        """Return what was seen, and that there is no answer when there is none by then."""
        if self.done.wait(max(0.0, until - time.monotonic())):
            return Section(self.name, tuple(self.steps))
        seen = tuple(self.steps)
        last = f"after the step {seen[-1].name}" if seen else "at the first step"
        return Section(self.name, (*seen, Step("no answer", (NO_ANSWER.found(f"{self.name}: {last}"),))))


def examine(
    config: Path, machine: Machine | None = None, only: str | None = None, within_s: float = WITHIN_S
) -> Report:
    """Examine a deployment; changes nothing, and ends within `within_s` even when a driver hangs.

    Args:
        config: the configuration file, which may be missing or wrong: that is the first finding then.
        machine: what is taken from the machine.
        only: the one system to examine, besides the deployment itself.
        within_s: seconds that it may take.

    Raises:
        ConfigurationError: there is no system of the name `only`.
    """
    begun, on = time.monotonic(), machine or Machine()
    read = configured.read(config)
    sections = [Section("configuration", read.steps)]
    if read.settings is not None:
        running = list(_sections(read.settings, on, only, begun + within_s - _GRACE_S))
        for one in running:
            one.start()
        sections += [one.section(begun + within_s) for one in running]
    return Report(tuple(sections), time.monotonic() - begun)


def _sections(settings: Settings, machine: Machine, only: str | None, until: float) -> Iterator[_Running]:
    if only is not None and only not in settings.systems:
        raise ConfigurationError(f"no system {only!r} is configured; there are: {', '.join(settings.systems)}")
    yield _Running("files", lambda: files.look(settings))
    yield _Running("state", lambda: state.look(settings, machine))
    yield _Running("disk", lambda: disk.look(settings, machine))
    yield _Running("service", lambda: listening.look(settings, machine))
    yield _Running("time", lambda: times.look(machine))
    yield _Running("outbox", lambda: _backlog(settings, machine))
    for name in settings.systems if only is None else (only,):
        yield _Running(f"systems.{name}", lambda name=name: systems.look(settings, name, machine, until))  # type: ignore[misc]


def _backlog(settings: Settings, machine: Machine) -> Iterator[Step]:
    if not state.is_current(settings):
        yield Step("entries", skipped="there is no state of this release that answers in time")
        return
    try:
        with state.opened(settings) as reading:
            yield from backlog.look(settings, reading, machine)
    except StateUnavailable as error:
        yield Step("entries", skipped=error.detail)
