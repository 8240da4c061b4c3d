"""`shim clients`: who may call."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from contracts.catalogue import CATALOGUE, STAFF
from shim.cli.deployment import console, fail, one_line_errors, print_json, settings
from shim.clients import ClientExists, ClientRow
from shim.root import open_deployment_state
from shim.settings import Settings
from shim.systems import find_adapter

app = typer.Typer(name="clients", help="API keys and what they may do.", no_args_is_help=True)


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The client's name; never reuse one, it is part of external references.")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            "-s",
            help="system:contract, or system:* for every contract of a system, or system:staff for a client that only "
            "staff use: it sees links into the system; repeatable.",
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print for a program.")] = False,
) -> None:
    """Create a client and print its key, which cannot be shown again."""
    with one_line_errors():
        configured = settings(ctx)
        scopes = [known for wanted in scope for known in _expand(wanted, configured)]
        with open_deployment_state(configured) as state:
            try:
                key = state.clients.add(name, scopes)
            except (ValueError, ClientExists) as error:
                raise fail(str(error)) from error
    if as_json:
        print_json({"name": name, "key": key, "scopes": sorted(set(scopes))})
    else:
        typer.echo(key)


@app.command("list")
def list_clients(
    ctx: typer.Context, *, as_json: Annotated[bool, typer.Option("--json", help="Print for a program.")] = False
) -> None:
    """Show all clients; never their keys."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as state:
        rows = state.clients.rows()
    if as_json:
        print_json([public(row) for row in rows])
        return
    table = Table("client", "keys", "scopes", "created")
    for row in rows:
        created = row.created_at.astimezone().isoformat(timespec="seconds")
        keys = "\n".join(f"ls_{key.prefix}_…" for key in row.keys)
        table.add_row(row.name, keys, "\n".join(row.scopes), created)
    console.print(table)


def public(row: ClientRow) -> dict[str, Any]:
    """What is shown of a client for a program."""
    keys = [{**asdict(key), "prefix": f"ls_{key.prefix}_…"} for key in row.keys]
    return {**asdict(row), "limits": row.limits.as_json(), "keys": keys}


def _expand(wanted: str, configured: Settings) -> list[str]:
    system, _, contract = wanted.partition(":")
    if system not in configured.systems:
        raise fail(f"no system {system!r} is configured; there are: {', '.join(configured.systems)}")
    kind = find_adapter(configured.systems[system].adapter).kind
    known = [row.name for row in CATALOGUE if row.desk is kind]
    if contract == "*":
        return [f"{system}:{name}" for name in known]
    if contract not in {*known, STAFF}:
        raise fail(f"no scope {contract!r} for {system}; there are: {', '.join([*known, STAFF])}")
    return [wanted]
