"""`shim keys`: which keys the deployment has, and their rotation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.progress import Progress, TextColumn
from rich.table import Table

from outbox.entry import from_ms
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import cells, console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import Json, Reason, checked
from shim.keeping.rotation import Rotation, RotationRefused
from shim.keys import Key, file, keyed
from shim.root import open_deployment_state

app = typer.Typer(name="keys", help="The key ring: what is sealed with which key, and rotation.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `shim keys list` shows it.")]
_OTHERS = "On several machines: copy the key file to all of them"


@app.command("list")
def list_keys(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show the keys: which one seals, which ones open, and which are retired. Never a key itself."""
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as opened:
            contents = file.read(configured.master_key)
            since = {row["id"]: from_ms(row["added_at"]) for row in opened.database.read(keyed.SQL["list_keys"])}
    shown = [
        {"id": key.id, "use": "opens" if place else "seals", "needed_since": since.get(key.id)}
        for place, key in enumerate(map(Key, contents.secrets))
    ]
    shown += [{"id": key_id, "use": "retired", "needed_since": None} for key_id in sorted(contents.subjects)]
    if as_json:
        print_json(shown)
        return
    table = Table("key", "use", "needed by the state since", box=SIMPLE_HEAD)
    for row in shown:
        moment = row["needed_since"]
        table.add_row(*cells(str(row["id"]), str(row["use"]), f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"))
    console.print(table)


@app.command("rotate")
def rotate(ctx: typer.Context, *, reason: Reason, as_json: Json = False) -> None:
    """Make a new key that seals from now on; the old one opens. Running processes notice within seconds."""
    with _rotation(ctx, reason) as rotation:
        before = rotation.ring.current
        key = rotation.rotate()
    told_with_outcome(ctx, key=key.id, was=before)
    _tell(key, f"{key.id} seals from now on; {before} opens what it has sealed.", as_json=as_json)


@app.command("stage")
def stage(ctx: typer.Context, *, reason: Reason, as_json: Json = False) -> None:
    """Add a new key that opens and does not seal yet; for several machines."""
    with _rotation(ctx, reason) as rotation:
        key = rotation.stage()
    told_with_outcome(ctx, key=key.id)
    _tell(key, f"{key.id} opens. {_OTHERS}, then: shim keys use {key.id} --reason …", as_json=as_json)


@app.command("use")
def use(ctx: typer.Context, key_id: KeyId, *, reason: Reason, as_json: Json = False) -> None:
    """Let a key of the file seal from now on."""
    with _rotation(ctx, reason) as rotation:
        key = rotation.use(key_id)
    told_with_outcome(ctx, key=key.id)
    _tell(key, f"{key.id} seals from now on. {_OTHERS} again.", as_json=as_json)


@app.command("retire")
def retire(ctx: typer.Context, key_id: KeyId, *, reason: Reason, as_json: Json = False) -> None:
    """Seal anew what is sealed with a key, then forget the key. The service and its workers may go on.

    If it ends early, do it again. Backups from before then open with a copy of the old key file only. Exit code 1 if
    something did not open with any key: it was left as it is.
    """
    with _rotation(ctx, reason) as rotation, _progress(as_json=as_json) as progress:
        task = progress.add_task("sealing", total=None)
        done = rotation.retire(key_id, lambda rows: progress.update(task, completed=rows))
    told_with_outcome(ctx, key=key_id, rows=done.rows, damaged=done.damaged)
    if as_json:
        print_json({"id": key_id, "rows": done.rows, "damaged": done.damaged})
    else:
        console.print(f"{done.rows} rows were sealed anew; {key_id} opens nothing any more.", soft_wrap=True)
        console.print(f"{_OTHERS} again. Tokens that it made are not known any more.", soft_wrap=True)
        if done.damaged:
            console.print(f"{done.damaged} rows do not open with any key: see `shim outbox verify`", style="bold red")
    if done.damaged:
        raise typer.Exit(1)


# ---


@contextmanager
def _rotation(ctx: typer.Context, reason: str) -> Iterator[Rotation]:
    why = checked(reason)
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as opened:
            try:
                yield Rotation(opened.database, opened.key, configured.master_key, opened.hand.audit(why))
            except RotationRefused as error:
                raise fail(str(error), code=1) from error


def _tell(key: Key, line: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": key.id})
    else:
        console.print(line, soft_wrap=True)


def _progress(*, as_json: bool) -> Progress:
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed} rows looked at"))
    return Progress(*columns, console=errors, transient=True, disable=as_json or not errors.is_terminal)
