"""The administrator's hand on the outbox: deliver now, take up again, give up, look again, acknowledge."""

import signal
import threading
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from outbox import drain as draining
from outbox.looking import look_now
from shim.cli.deployment import console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import SOMEBODY_MUST_ACT, EntryId, Json, System, acted, existing, known, public
from shim.root import open_deployment_state, open_shim

Wait = Annotated[float, typer.Option(min=0, help="Give up after this many seconds.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the entry. No names, no numbers of persons.")]


def drain(
    ctx: typer.Context,
    *,
    system: System = None,
    wait: Wait = 300,
    as_json: Json = False,
) -> None:
    """Deliver what waits now, instead of at its next attempt. Exit code 1 if something is left."""
    with one_line_errors(), open_shim(settings(ctx)) as shim:
        known(system, shim.settings)
        wanted = [system] if system else list(shim.systems)
        columns = (TextColumn("draining"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Bar(*columns, console=errors, disable=as_json) as bar:
            task = bar.add_task("drain", total=None)

            def report(progress: draining.Progress) -> None:
                bar.update(task, total=progress.total, completed=max(0, progress.total - progress.left))

            ended = draining.drain(
                shim.state.outbox, shim.state.hand, wanted, lambda watch: shim.worker(watch, system), wait, report
            )
        counts = [count for count in shim.state.outbox.counts() if count.destination in wanted]
    stuck_entries = sum(count.entries for count in counts if count.state in SOMEBODY_MUST_ACT)
    attention = sum(count.entries for count in counts if count.attention is not None)
    if as_json:
        print_json({**asdict(ended), "somebody_must_act": stuck_entries, "attention": attention})
    else:
        console.print(f"{ended.delivered} delivered, {ended.left} left, {stuck_entries} need somebody to act.")
        if attention:
            console.print(f"{attention} delivered ones need a look: shim outbox list --attention")
        for name in ended.unreachable:
            console.print(f"{name} does not answer; what waits for it is kept and retried.")
    if ended.left or stuck_entries:
        raise typer.Exit(1)


def work(ctx: typer.Context) -> None:
    """Deliver until stopped; for a host where `shim serve --no-worker` runs beside it."""
    with one_line_errors(), open_shim(settings(ctx)) as shim:
        worker = shim.worker()
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        worker.start()
        typer.echo(f"delivering to {', '.join(shim.systems)}")
        stopped.wait()
        worker.stop(shim.settings.outbox.grace_s)


def retry(
    ctx: typer.Context,
    entry_id: EntryId,
    *,
    not_there: Annotated[
        bool, typer.Option("--not-there", help="You have looked: the backend does not have it. It is sent at once.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take a rejected or parked entry up again; an unknown outcome is asked about first, unless you have looked."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = existing(opened.outbox, entry_id)
        acted(
            opened.hand.retry(entry.id, not_there=not_there),
            "retry: the entry is neither rejected nor parked",
            as_json=as_json,
        )


def discard(
    ctx: typer.Context,
    entry_id: EntryId,
    *,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Give an entry up, so that what waits behind it goes on. Never one that is on its way or unknown."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = existing(opened.outbox, entry_id)
        acted(
            opened.hand.discard(entry.id, reason),
            "discard: the entry is on its way, unknown or ended",
            as_json=as_json,
        )


def check(
    ctx: typer.Context,
    entry_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The delivery, or as much of its id as is unique.")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that want attention or are to be looked at again.")] = False,
    wait: Wait = 300,
    as_json: Json = False,
) -> None:
    """Look at delivered records now, such as after an SLA was mended. Exit code 1 unless all of them are well."""
    if (entry_id is None) is not every:
        raise fail("name one delivery, or say --all")
    with one_line_errors(), open_shim(settings(ctx)) as shim:
        outbox, verifications = shim.state.outbox, shim.state.verifications
        if entry_id is None:
            due = [entry for name in shim.systems for entry in verifications.make_all_due(name)]
        else:
            entry = existing(outbox, entry_id)
            known(entry.destination, shim.settings)
            due = verifications.make_due(entry.id)
            if not due:
                raise fail(f"check: the entry is {entry.state}, not delivered", code=1)
        missed = look_now(outbox, shim.looking(), due, wait)
        looked = [entry for entry in map(outbox.get, [entry.id for entry in due]) if entry is not None]
        newest = {entry.id: outbox.verifications(entry)[-1:] for entry in looked}
    if as_json:
        print_json([public(entry) for entry in looked])
    else:
        for entry in looked:
            told = "  ".join(f"{look.outcome}  {look.evidence}" for look in newest[entry.id])
            console.print(f"{entry.id}  {entry.backend_id}  {told}", markup=False)
        console.print(f"{len(looked) - len(missed)} looked at, {len(missed)} not yet.")
    if missed or any(entry.attention is not None or entry.check_at is not None for entry in looked):
        raise typer.Exit(1)


def seen(ctx: typer.Context, entry_id: EntryId, *, reason: Reason, as_json: Json = False) -> None:
    """Acknowledge a delivered entry that wants attention: it is not counted, nor looked at, any more."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = existing(opened.outbox, entry_id)
        acted(opened.verifications.seen(entry.id, reason), "seen: nothing asks for attention", as_json=as_json)
