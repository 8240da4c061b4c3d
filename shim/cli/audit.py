"""`shim audit`: whether the record of who looked at what is whole, and what is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from outbox.carrying.tables import file_snapshot, reading, snapshot
from outbox.database import Transaction
from outbox.entry import from_ms, to_ms
from shim import root
from shim.audit import checkpoints, files, roles, sending
from shim.audit.files import Line
from shim.audit.findings import Verified
from shim.audit.signing import Signer, Trusted
from shim.audit.verifying import LATE, verify
from shim.cli import audit_look, audit_prune
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import beyond, console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import ACT, Json
from shim.keys import MasterKey
from shim.local_time import ago, local
from shim.root import open_deployment_state
from shim.settings import ConfigurationError

app = typer.Typer(name="audit", help="Who looked at what, for whom and why.", no_args_is_help=True)

Checkpoints = Annotated[Path | None, typer.Option("--checkpoints", help="The file that checkpoints were written to.")]
PublicKeys = Annotated[
    list[str] | None,
    typer.Option("--public-key", help="A key that is believed, as `shim audit checkpoint` prints it; repeatable."),
]


@app.command("verify")
def verify_audit(
    ctx: typer.Context,
    *,
    file: Checkpoints = None,
    public_key: PublicKeys = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="Look at this SQLite file, such as a backup; it is only read.")
    ] = None,
    late: Annotated[
        str, typer.Option(help="How much older than a checkpoint a row may be that the checkpoint does not know.")
    ] = f"{LATE // timedelta(hours=1)}h",
    as_json: Json = False,
) -> None:
    """Recompute every hash and compare it with the checkpoints. Exit code 1 if something is not as it was written.

    What came after the newest checkpoint can be cut off, from the last row on, without this finding it.
    """
    try:
        late_by, given = ago(late), Trusted(public_key or ())
    except ValueError as error:
        raise fail(str(error)) from error
    except OverflowError as error:
        raise fail(beyond(late)) from error
    with one_line_errors():
        trusted = given if state is not None and public_key else _trusted(ctx, public_key)
        lines = None if file is None else _lines(file)
        with _seen(ctx, state) as tx, errors.status("reading the audit"):
            verified = verify(tx, trusted, lines, late=late_by)
    if as_json:
        print_json({**verified.as_json(), "newest_at": _newest(verified)})
    else:
        _show(verified)
    if verified.found:
        raise typer.Exit(1)


@app.command("checkpoint")
def checkpoint(
    ctx: typer.Context,
    *,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            help="A file that only grows, or an address that takes what `outbox.alert_secret` signs; repeatable.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Sign where all chains end now, and put that where whoever can write the state cannot change it."""
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as opened:
            signer = Signer(opened.key)
            made = checkpoints.make(opened.database, signer, configured.deployment, to_ms(root.utc_now()))
            told_with_outcome(ctx, checkpoint=made.number)
            failed = []
            for target in to or ():
                try:
                    sending.send(configured, opened.database, target, made)
                except sending.NotSent as error:
                    failed.append(f"{sending.shown(target)}: {error}")
    if as_json:
        print_json({"number": made.number, "sha256": made.hash, "public_key": signer.public, "failed": failed})
    else:
        console.print(f"checkpoint {made.number}, signed; verify with: --public-key {signer.public}", soft_wrap=True)
    for line in failed:
        errors.print(f"shim: {line}", soft_wrap=True, markup=False, highlight=False)
    if failed:
        raise typer.Exit(1)


@app.command("roles")
def print_roles(
    ctx: typer.Context,
    *,
    role: Annotated[str, typer.Option("--app", help="The role of PostgreSQL that the shim and its workers use.")],
) -> None:
    """Print what the database's owner runs, so that this role can add to the audit and do nothing else with it."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        try:
            lines = list(roles.statements(opened.database, role))
        except roles.NoRole as error:
            raise fail(str(error)) from error
    for line in lines:
        typer.echo(line)


audit_look.register(app)
app.command("prune")(audit_prune.prune_audit)


# ---


def _trusted(ctx: typer.Context, public_keys: list[str] | None) -> Trusted:
    try:
        ring = MasterKey.load(settings(ctx).master_key, create=False)
    except ConfigurationError:
        if not public_keys:
            raise
        return Trusted(public_keys)
    return Trusted.of_ring(ring, public_keys or ())


@contextmanager
def _seen(ctx: typer.Context, state: Path | None) -> Iterator[Transaction]:
    if state is not None:
        with file_snapshot(state) as connection:
            yield reading(connection)
        return
    with open_deployment_state(settings(ctx)) as opened, snapshot(opened.database) as tx:
        yield tx


def _lines(file: Path) -> list[Line]:
    try:
        return list(files.lines_of(file))
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}") from error


def _newest(verified: Verified) -> str | None:
    return None if verified.newest_at is None else from_ms(verified.newest_at).isoformat(timespec="milliseconds")


def _show(verified: Verified) -> None:
    console.print(f"{verified.rows} rows in {verified.chains} chains, {verified.checkpoints} checkpoints.")
    for finding in verified.findings:
        console.print(str(finding), style=ACT, soft_wrap=True, markup=False, highlight=False)
    if (more := verified.found - len(verified.findings)) > 0:
        console.print(f"and {more} more", style=ACT)
    if not verified.found:
        console.print("Every row is what was written.")
    if verified.newest_at is None:
        console.print("There is no checkpoint: rows could be cut off unseen. Now: shim audit checkpoint --to FILE")
    elif (tail := verified.rows - verified.covered) > 0:
        console.print(
            f"{tail} rows came after the newest checkpoint, of {local(from_ms(verified.newest_at))}: whether rows were "
            "cut off after them nobody can tell.",
            soft_wrap=True,
        )
