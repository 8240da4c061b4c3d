"""What an examination has found: sections of steps, what they add up to, and the same for a program."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from contracts.examination import Finding, Level, Step


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a deployment, such as `state` or `systems.planon`, and the steps of looking at it."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was looked at.

    Attributes:
        sections: in the order in which somebody would mend them.
        seconds: how long it took.
    """

    sections: tuple[Section, ...]
    seconds: float

    @property
    def findings(self) -> list[Finding]:
        """Everything that is wrong, section by section."""
        return [finding for section in self.sections for step in section.steps for finding in step.findings]

    @property
    def codes(self) -> set[str]:
        """The codes of everything that is wrong."""
        return {finding.diagnosis.code for finding in self.findings}

    @property
    def broken(self) -> int:
        """How many findings say that something does not work."""
        return sum(finding.diagnosis.level is Level.BROKEN for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.broken

    @property
    def exit_code(self) -> int:
        """0 when nothing is broken, else 1."""
        return 1 if self.broken else 0

    def guarded(self, mask: Callable[[str], str]) -> "Report":
        """Return it with everything that may quote a backend masked."""
        return replace(self, sections=tuple(_guarded(section, mask) for section in self.sections))

    def as_json(self) -> dict[str, Any]:
        """Return it for a program; codes are stable, texts are not."""
        return {
            "broken": self.broken,
            "warnings": self.warnings,
            "seconds": round(self.seconds, 2),
            "sections": [
                {"name": section.name, "steps": [_step(step) for step in section.steps]} for section in self.sections
            ],
        }


def _guarded(section: Section, mask: Callable[[str], str]) -> Section:
    steps = (
        replace(
            step,
            told=mask(step.told),
            skipped=mask(step.skipped),
            findings=tuple(replace(finding, detail=mask(finding.detail)) for finding in step.findings),
        )
        for step in section.steps
    )
    return Section(section.name, tuple(steps))


def _step(step: Step) -> dict[str, Any]:
    told = {"told": step.told} if step.told else {}
    skipped = {"skipped": step.skipped} if step.skipped else {}
    return {"name": step.name, **told, **skipped, "findings": list(_findings(step))}


def _findings(step: Step) -> Iterator[dict[str, str]]:
    for finding in step.findings:
        diagnosis = finding.diagnosis
        yield {
            "code": diagnosis.code,
            "level": diagnosis.level.value,
            "what": diagnosis.what,
            "detail": finding.detail,
            "why": diagnosis.why,
            "remedy": diagnosis.remedy,
        }
