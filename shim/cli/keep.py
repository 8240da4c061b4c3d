"""`shim outbox verify` and `prune`: whether what is kept is whole, and letting go of what nobody needs."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from outbox.actions import Audit, account
from outbox.carrying.prune import Pruning, What, count, prune
from outbox.carrying.whole import Found, verify
from outbox.entry import to_ms
from shim import root
from shim.cli.deployment import cells, console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import DryRun, Json, checked
from shim.local_time import ago
from shim.root import open_deployment_state


def verify_state(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Open every payload and compare it with its hash. Exit code 1 if one is damaged; workers may go on."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        database = opened.database
        ((entries,),) = database.read("SELECT COUNT(*) FROM entry")
        with _bar("opening", entries, as_json=as_json) as bar:
            task = bar.task_ids[0]
            found = verify(
                lambda statement, values: database.read(statement, **values),
                opened.cipher,
                lambda done: bar.update(task, completed=done),
            )
    if as_json:
        destinations = {name: asdict(whole) for name, whole in found.destinations.items()}
        print_json({"destinations": destinations, "damaged": found.damaged})
    else:
        _show(found)
    if found.damaged:
        raise typer.Exit(1)


def prune_state(
    ctx: typer.Context,
    *,
    older_than: Annotated[str, typer.Option(help="Only what was delivered or discarded longer ago, such as 90d.")],
    attempts: Annotated[
        bool, typer.Option("--attempts", help="The attempts and the looks at the record, and no payload.")
    ] = False,
    payloads: Annotated[
        bool, typer.Option("--payloads", help="The payloads and what clients asked; so it is without --attempts.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why; kept for good. Not needed with --dry-run.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let go of a person's words in what is final; hashes and sources stay. Exit code 1 if a payload does not open."""
    if attempts and payloads:
        raise fail("--attempts and --payloads are let go apart: one after the other")
    if reason is None and not dry_run:
        raise fail("--reason is missing; say why, or --dry-run")
    why = checked(reason) if reason is not None else ""
    what: What = "attempts" if attempts else "payloads"
    now = root.utc_now()
    try:
        pruning = Pruning(what, to_ms(now - ago(older_than)), to_ms(now))
    except ValueError as error:
        raise fail(str(error)) from error
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entries = count(opened.database, pruning)
        if dry_run:
            _tell(what, entries, (), dry_run=True, as_json=as_json)
            return
        with _bar("pruning", entries, as_json=as_json) as bar:
            task = bar.task_ids[0]
            audit = Audit(account(), why, pruning.now)
            done = prune(opened.database, opened.cipher, pruning, audit, lambda n: bar.update(task, completed=n))
    _tell(what, done.entries, done.damaged, dry_run=False, as_json=as_json)
    if done.damaged:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify")(verify_state)
    app.command("prune")(prune_state)


# ---


def _bar(word: str, total: int, *, as_json: bool) -> Progress:
    columns = (TextColumn(word), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=errors, transient=True, disable=as_json or not errors.is_terminal)
    bar.add_task(word, total=total)
    return bar


def _show(found: Found) -> None:
    table = Table("system", "entries", "payloads", "pruned", "damaged", box=SIMPLE_HEAD)
    for name, whole in sorted(found.destinations.items()):
        told = (whole.entries, whole.payloads, whole.pruned, whole.damaged)
        table.add_row(*cells(name, *map(str, told)), style="bold red" if whole.damaged else "")
    console.print(table)
    for entry, damage in found.damaged.items():
        console.print(f"{entry}: {damage}", style="bold red", soft_wrap=True)
    if (more := found.all.damaged - len(found.damaged)) > 0:
        console.print(f"and {more} more", style="bold red")
    if not found.damaged:
        console.print("Every payload is what was validated.")


def _tell(what: What, entries: int, damaged: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"what": what, "entries": entries, "damaged": list(damaged), "dry_run": dry_run})
        return
    done = "would be" if dry_run else "are"
    console.print(f"The {what} of {entries} entries {done} let go.{' Nothing was changed.' if dry_run else ''}")
    for entry in damaged:
        console.print(f"{entry}: what belongs to the payload does not open; it was left", style="bold red")
