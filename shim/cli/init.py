"""`shim init`: asks the few questions, writes a configuration, lets the doctor look at it, and says what comes next."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from shim.admission.client import bundles_of
from shim.cli.deployment import console, fail, one_line_errors
from shim.guard import IDENTIFIERS, mask

_STATE: Final = "state"


def init(
    ctx: typer.Context,
    *,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers", help="TOML file with deployment, state and [systems.NAME] with their options; asks nothing."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a configuration that is there; a copy of it is kept.")
    ] = False,
) -> None:
    """Write a first configuration, with its folder and key. Exit code 1 when the doctor finds something broken."""
    # Every command loads this module, to know its options.
    from shim.doctor.run import examine  # noqa: PLC0415
    from shim.doctor.text import show  # noqa: PLC0415
    from shim.initial.answers import read_answers  # noqa: PLC0415
    from shim.initial.making import make, refuse_existing  # noqa: PLC0415
    from shim.initial.questions import ask  # noqa: PLC0415

    path: Path = ctx.obj
    with one_line_errors():
        refuse_existing(path, force=force)
        try:
            given = read_answers(answers) if answers else ask(_Lines(), str(path.absolute().parent / _STATE))
        except EOFError as error:
            raise fail("the answers ended before the questions; nothing was written") from error
        kept = make(path, given, force=force)
        typer.echo(f"{path} is written{f'; the earlier one is {kept}' if kept else ''}.")
        report = examine(path).guarded(lambda text: mask(text, IDENTIFIERS).text)
    show(report, console)
    typer.echo(_next(path, sorted(given.systems), is_broken=bool(report.exit_code)))
    if report.exit_code:
        raise typer.Exit(report.exit_code)


class _Lines:
    """Answers of a terminal, where secrets do not show, or of a pipe, one per line."""

    def answer(self, key: str, text: str, default: str | None, *, secret: bool) -> str:
        shown = f" [{default}]" if default else ""
        typer.echo(text)
        if secret and sys.stdin.isatty():
            return getpass.getpass(f"  {key}: ").strip()
        typer.echo(f"  {key}{shown}: ", nl=False)
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            typer.echo()
        if not line:
            raise EOFError
        return line.strip()

    def say(self, line: str) -> None:
        typer.echo(f"  {line}")


def _next(path: Path, systems: list[str], *, is_broken: bool) -> str:
    first = f"Mend what is broken, then look again: shim --config {path} doctor\n" if is_broken else ""
    return (
        f"{first}Next:\n"
        f"  shim --config {path} clients add NAME --scope {bundles_of(systems[0])[0]}   # its key is shown once\n"
        f"  shim --config {path} serve"
    )
