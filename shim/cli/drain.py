"""`shim outbox drain` and `shim outbox work`: deliver now, and deliver until stopped."""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from outbox import drain as draining
from outbox.around import Around
from outbox.overview import overviews
from outbox.progress import Progress
from outbox.worker import Step, Worker
from shim import exposures, root
from shim.cli.deployment import console, errors, one_line_errors, print_json, settings
from shim.cli.entries import ACT, Json, System, known
from shim.local_time import duration
from shim.root import Shim, open_shim
from shim.telemetry.delivering import Deliveries
from shim.telemetry.starting import tracing_of


def drain(
    ctx: typer.Context,
    *,
    system: System = None,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="Go on through outages and pauses, and however long it takes.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Attempts at a time per system, over all workers; else `outbox.threads`."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.01, help="At most so many attempts per second per system.")
    ] = None,
    wait: Annotated[
        float | None, typer.Option(min=0, help="Give up after this many seconds; 300 without --until-empty.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Deliver what waits now, instead of at its next attempt. Exit code 1 if something is left or stuck."""
    with one_line_errors(), open_shim(settings(ctx)) as shim, tracing_of(shim.settings) as tracing:
        known(system, shim.settings)
        wanted = _writable(shim, [system] if system else list(shim.systems))
        shim.state.hand.note("drain", {"systems": ", ".join(wanted), "limit": limit, "rate": rate})
        wait_s = wait if wait is not None or until_empty else 300.0
        wish = draining.Wish(wait_s, until_empty, limit, rate)
        columns = (TextColumn("draining"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
        with Bar(*columns, console=errors, disable=as_json) as bar:
            task = bar.add_task("drain", total=None, told="")

            def report(progress: Progress) -> None:
                total = max(progress.total, progress.left)
                bar.update(task, total=total, completed=total - progress.left, told=_speed(progress))

            make = _maker(shim, system, Deliveries((), tracing))
            ended = draining.drain(shim.state.outbox, shim.state.hand, wanted, make, wish, report)
        now = [found for found in overviews(shim.state.database, root.utc_now) if found.destination in wanted]
    must_act = sum(found.must_act for found in now)
    attention = sum(sum(found.attention.values()) for found in now)
    if as_json:
        print_json({**asdict(ended), "somebody_must_act": must_act, "attention": attention})
    else:
        _show(ended, must_act, attention)
    if ended.left or must_act:
        raise typer.Exit(1)


def work(ctx: typer.Context) -> None:
    """Deliver until stopped; for a host where `shim serve --no-worker` runs beside it."""
    # Every command loads this module, to know its options.
    from shim.guard import install  # noqa: PLC0415
    from shim.telemetry.logs import log_observation, logging_as  # noqa: PLC0415

    install(logging.INFO)
    with (
        one_line_errors(),
        logging_as((configured := settings(ctx)).log, configured.systems),
        open_shim(configured) as shim,
        tracing_of(configured) as tracing,
    ):
        exposures.warn(exposures.exposed(configured, exposures.DELIVERING))
        worker, chores = shim.worker(around=Deliveries((log_observation,), tracing)), shim.chores()
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        worker.start()
        for chore in chores:
            chore.start()
        typer.echo(f"delivering to {', '.join(shim.systems)}")
        stopped.wait()
        for chore in chores:
            chore.stop()
        worker.stop(shim.settings.outbox.grace_s)


def _writable(shim: Shim, wanted: list[str]) -> list[str]:
    """Leave out what is read-only, and say so; exit with 1 if nothing is left to deliver to."""
    found = {name: shim.drift.read_only(name) for name in wanted}
    for name in (name for name, why in found.items() if why is not None):
        line = f"{name} is read-only, so what waits for it stays: {found[name]}; to go on: shim systems accept {name} …"
        errors.print(line, soft_wrap=True, markup=False)
    left = [name for name, why in found.items() if why is None]
    if not left:
        raise typer.Exit(1)
    return left


def _maker(shim: Shim, system: str | None, around: Around) -> draining.MakeWorker:
    def make(watch: Callable[[Step], None], *, limit: int | None, rate: float | None) -> Worker:
        return shim.worker(watch, system, limit, rate, around)

    return make


def _speed(progress: Progress) -> str:
    if not progress.rate:
        return ""
    left = "" if progress.left_s is None else f", {_short(progress.left_s)} left"
    return f"{progress.rate:.1f}/s{left}"


def _short(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else duration(seconds)  # noqa: PLR2004 - two minutes


def _show(ended: draining.Drained, must_act: int, attention: int) -> None:
    console.print(f"{ended.delivered} delivered, {ended.left} left, {must_act} need somebody to act.")
    for name in ended.paused:
        console.print(f"{name} is paused; to go on: shim outbox resume {name} --reason …", soft_wrap=True)
    for name in ended.unreachable:
        console.print(f"{name} does not answer; what waits for it is kept and retried.")
    if must_act:
        console.print("Why: shim outbox groups", style=ACT)
    if attention:
        console.print(f"{attention} delivered ones need a look: shim outbox list --attention", style=ACT)
