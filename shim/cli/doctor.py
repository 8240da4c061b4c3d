"""`shim doctor`: what is wrong with this deployment and its systems, why it matters, and what to do."""

from pathlib import Path
from typing import Annotated

import typer

from shim.cli.deployment import console, fail, print_json
from shim.cli.entries import Json
from shim.guard import IDENTIFIERS, mask
from shim.settings import ConfigurationError


def doctor(
    ctx: typer.Context,
    *,
    system: Annotated[
        str | None, typer.Option("--system", help="Examine this system only, and the deployment.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for what is wrong, and say what to do. Exit code 1 when something is broken; warnings alone are 0."""
    # Every command loads this module, to know its options.
    from shim.doctor.run import examine  # noqa: PLC0415
    from shim.doctor.text import show  # noqa: PLC0415

    path: Path = ctx.obj
    try:
        report = examine(path, only=system)
    except ConfigurationError as error:
        raise fail(str(error)) from error
    # A backend is quoted here and there.
    guarded = report.guarded(lambda text: mask(text, IDENTIFIERS).text)
    if as_json:
        print_json(guarded.as_json())
    else:
        show(guarded, console)
    if report.exit_code:
        raise typer.Exit(report.exit_code)
