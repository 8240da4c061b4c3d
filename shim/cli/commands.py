"""The commands of `shim`: each translates and delegates."""

from pathlib import Path
from typing import Annotated

import typer

from shim.cli import clients, explain, outbox, serve
from shim.cli.deployment import CONFIG_ENV

app = typer.Typer(
    name="shim",
    help="Narrow HTTP contracts in front of legacy systems.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables, and those may be about a person
    add_completion=False,
)
app.add_typer(outbox.app)
app.add_typer(clients.app)
app.command("explain")(explain.explain)
app.command("serve")(serve.serve)


@app.callback()
def choose_configuration(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar=CONFIG_ENV, help="The configuration file.", show_default=True)
    ] = Path("shim.toml"),
) -> None:
    """Narrow HTTP contracts in front of legacy systems."""
    ctx.obj = config
