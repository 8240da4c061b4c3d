"""How an adapter tells what is wrong with a connection: steps, and findings that each name a cause and a remedy.

`shim doctor` asks the deployment and every adapter; what can be found stands in lists of `Diagnosis`, from which the
table in the docs is made. An examination changes nothing, neither here nor in the backend.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad it is."""

    BROKEN = "broken"
    """Something does not work, or is not safe: exit code 1."""
    WARNING = "warning"
    """It works now; somebody should look."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that can be wrong, as the table in the docs has it.

    Attributes:
        code: stable name, such as `port-closed`; one per cause, over all adapters.
        level: how bad it is.
        what: what is wrong, one sentence without a full stop.
        why: why it matters, one sentence.
        remedy: what to do, one or two sentences; commands as they are typed.
    """

    code: str
    level: Level
    what: str
    why: str
    remedy: str

    def found(self, detail: str = "") -> "Finding":
        """Return this as found, with its facts: a host, a table, a number of seconds; never a secret or a person."""
        return Finding(self, detail)


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis that was made, and the facts of this case."""

    diagnosis: Diagnosis
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an examination.

    Attributes:
        name: what was looked at, such as `port` or `log-in of SHIM_READ`.
        findings: what is wrong; none when all is well.
        told: what was seen, such as a version; shown beside the step.
        skipped: why it was not looked at, because an earlier step failed; empty when it was.
    """

    name: str
    findings: tuple[Finding, ...] = ()
    told: str = ""
    skipped: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether something does not work."""
        return any(finding.diagnosis.level is Level.BROKEN for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Landed:
    """A document that a system is known to have; `kind` is what it is to its adapter, empty when nobody told."""

    backend_id: str
    at: datetime
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What an adapter is given to examine one system.

    Attributes:
        system: its name in the configuration.
        clock: this machine's time, aware.
        until: when the examination must have ended, by the monotonic clock.
        newest: the newest document that was delivered to it, if there is one: a replica that does not have it lags.
    """

    system: str
    clock: Callable[[], datetime]
    until: float
    newest: Landed | None = None


NO_ANSWER: Final = Diagnosis(
    "no-answer",
    Level.BROKEN,
    "a step got no answer in time and was left",
    "What it would have found is not known, and a call that needs the same waits just as long.",
    "Run shim doctor again with --system NAME; if it stays, look at the backend's load and its log.",
)
CHECK_FAILED: Final = Diagnosis(
    "check-failed",
    Level.BROKEN,
    "the check itself failed",
    "What it would have found is not known.",
    "It is a defect of ours: report it with the type of error that is named below.",
)
DIAGNOSES: Final = (NO_ANSWER, CHECK_FAILED)
"""What any examination can end with."""
