"""What the commands of snapshots show: progress, a verdict, a difference."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from contracts.snapshots import Tell
from shim.cli.deployment import cells, console, errors
from shim.cli.entries import ACT
from shim.snapshots.compare import Difference
from shim.snapshots.verdict import Verdict

_PREFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


class _Rate(ProgressColumn):
    """How much is done in a second: rows or bytes, as the stage counts."""

    def render(self, task: Task) -> Text:
        """Return it as it is now."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        divisor, prefix = next((each for each in _PREFIXES if speed >= each[0]), (1.0, ""))
        return Text(f"{speed / divisor:.3g} {prefix}/s")


@contextmanager
def progress(*, as_json: bool) -> Iterator[Tell]:
    """Show how far each stage is, with its rate and the time left, where somebody looks; else nothing."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=False),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=as_json or not errors.is_terminal) as bar:
        shown: list[str] = []
        task = bar.add_task("beginning", total=None)

        def tell(stage: str, done: int, everything: int | None) -> None:
            if shown != [stage]:
                shown[:] = [stage]
                bar.reset(task, description=stage, total=everything)
            bar.update(task, completed=done, total=everything)

        yield tell


def show_verdict(verdict: Verdict, result: Path) -> None:
    """Show what was searched for and what was found."""
    table = Table("column", "kind", "values", "too short", "in rows only", box=SIMPLE_HEAD)
    for one in verdict.searched:
        numbers = (str(number) if number else "-" for number in (one.values, one.short, one.rows_only))
        table.add_row(*cells(f"{one.table}.{one.column}", one.kind, *numbers))
    console.print(table)
    values = sum(one.values for one in verdict.searched)
    rows = sum(verdict.rows.values())
    _say(f"{values} values were searched for in {rows} rows and {verdict.raw_bytes / 1e6:.1f} MB of raw bytes.")
    _say(f"Dates: {verdict.dates}.")
    for right in verdict.by_right:
        _say(f"By right: {right.where} has words of {right.of}, {right.count} times.")
    for survivor in verdict.survivors:
        _say(f"SURVIVOR: {survivor}", ACT)
    for line in verdict.differences:
        _say(f"DIFFERS: {line}", ACT)
    _say(f"{result} holds nobody of the original." if verdict.clean else f"{result} must not go anywhere.")


def show_difference(found: Difference) -> None:
    """Show what differs, first of all the schema."""
    if not found:
        _say("Schema and rows are the same.")
        return
    for name in found.removed:
        _say(f"- {name}")
    for name in found.added:
        _say(f"+ {name}")
    for name, lines in found.changed.items():
        _say(f"~ {name}")
        for line in lines:
            _say(f"    {line}")
    for rows in found.rows:
        _say(str(rows))


def _say(line: str, style: str = "") -> None:
    console.print(line, soft_wrap=True, markup=False, highlight=False, style=style)
