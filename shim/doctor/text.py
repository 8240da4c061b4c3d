"""A report for people: a summary, then each section with its steps, and under a step what is wrong with it."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from contracts.examination import Finding, Level, Step
from shim.doctor.report import Report, Section

_MARKS: Final = {Level.BROKEN: ("✗", "bold red"), Level.WARNING: ("!", "bold yellow")}
_WELL: Final = ("✓", "green")
_SKIPPED: Final = ("·", "dim")
_INDENT: Final = 4


def show(report: Report, console: Console) -> None:
    """Print it, folded to the console's width; colour where the console has it."""
    console.print(_summary(report))
    for section in report.sections:
        console.print()
        console.print(Text(section.name, "bold"))
        _show(section, console)


def _summary(report: Report) -> Text:
    looked = sum(not step.skipped for section in report.sections for step in section.steps)
    seen = f"{looked} step{'s' * (looked != 1)} in {report.seconds:.1f} s"
    if not report.findings:
        return Text(f"All is well: {seen}.", "green")
    parts = [f"{report.broken} broken"] if report.broken else []
    parts += [f"{report.warnings} to look at"] if report.warnings else []
    style = _MARKS[Level.BROKEN if report.broken else Level.WARNING][1]
    return Text(f"{', '.join(parts)}: {seen}.", style)


def _show(section: Section, console: Console) -> None:
    for step in section.steps:
        mark, style = _mark(step)
        told = step.skipped and f"left out: {step.skipped}"
        line = Text.assemble((mark, style), " ", step.name, *((f": {told or step.told}",) if told or step.told else ()))
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
        for finding in step.findings:
            for paragraph in _lines(finding):
                console.print(Padding(paragraph, (0, 0, 0, _INDENT), expand=False))


def _mark(step: Step) -> tuple[str, str]:
    if step.skipped:
        return _SKIPPED
    levels = {finding.diagnosis.level for finding in step.findings}
    return next((_MARKS[level] for level in (Level.BROKEN, Level.WARNING) if level in levels), _WELL)


def _lines(finding: Finding) -> Iterator[Text]:
    diagnosis = finding.diagnosis
    what = diagnosis.what[:1].upper() + diagnosis.what[1:]
    yield Text(f"{what} [{diagnosis.code}]", _MARKS[diagnosis.level][1])
    if finding.detail:
        yield Text(finding.detail)
    yield Text(f"Why: {diagnosis.why}", "dim")
    yield Text(f"Do: {diagnosis.remedy}")
