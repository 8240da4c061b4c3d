"""The commands of `shim`: each translates and delegates."""

from pathlib import Path
from typing import Annotated

import typer

from shim.cli import admin, audit, clients, doctor, explain, init, keys, outbox, record, serve, snapshot, systems
from shim.cli.administered import AdministeredGroup
from shim.cli.deployment import CONFIG_ENV

app = typer.Typer(
    name="shim",
    cls=AdministeredGroup,
    help="Narrow HTTP contracts in front of legacy systems.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables, and those may be about a person
    add_completion=False,
)
for group in (outbox, clients, keys, audit, admin, systems, snapshot):
    app.add_typer(group.app, cls=AdministeredGroup)
app.command("explain")(explain.explain)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("init")(init.init)
app.command("record")(record.record_exchanges)


@app.callback()
def choose_configuration(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar=CONFIG_ENV, help="The configuration file.", show_default=True)
    ] = Path("shim.toml"),
) -> None:
    """Narrow HTTP contracts in front of legacy systems."""
    ctx.obj = config
