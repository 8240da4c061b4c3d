"""`shim outbox`: what waits, why, and the administrator's hand on it."""

import signal
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table

from contracts.delivery import DeliveryState
from outbox.drain import Progress, drain
from outbox.entry import Entry
from outbox.store import Outbox, PayloadDamaged
from shim.cli.deployment import cells, console, errors, fail, one_line_errors, print_json, settings
from shim.root import open_deployment_state, open_shim
from shim.settings import Settings

app = typer.Typer(name="outbox", help="What is on its way to a legacy system, and what is stuck.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print for a program.")]
System = Annotated[str | None, typer.Option("--system", help="Only this system.")]
EntryId = Annotated[str, typer.Argument(metavar="ID", help="The delivery, or as much of its id as is unique.")]

_SHORT_ID: Final = 11
"""Characters of an id in a table: `dl_` and 32 bits, so that a night's list fits 100 columns."""
_WIDE: Final = 130
_SOMEBODY_MUST_ACT: Final = (DeliveryState.REJECTED, DeliveryState.PARKED)


@app.command()
def status(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Count what waits, per system and state, with the age of the oldest."""
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as state:
            counts = state.outbox.counts()
    if as_json:
        print_json([asdict(count) for count in counts])
        return
    table = Table("system", "state", "entries", "oldest accepted", "", box=SIMPLE_HEAD)
    now = datetime.now(UTC)
    for count in sorted(counts, key=lambda row: (row.state not in _SOMEBODY_MUST_ACT, row.destination)):
        act = "[bold red]somebody must act[/]" if count.state in _SOMEBODY_MUST_ACT else ""
        gone = count.state in {DeliveryState.DELIVERED, DeliveryState.DISCARDED}
        age = "" if gone else f" ({_age(now, count.oldest)} ago)"
        table.add_row(*cells(count.destination, count.state, str(count.entries), _local(count.oldest) + age), act)
    console.print(table if counts else "The outbox is empty.")


@app.command("list")
def list_entries(
    ctx: typer.Context,
    *,
    system: System = None,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Only this state; without it all that has not left.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: Json = False,
) -> None:
    """List entries: without a state those that have not left, oldest first."""
    with one_line_errors():
        configured = settings(ctx)
        _known(system, configured)
        with open_deployment_state(configured) as opened:
            entries = opened.outbox.entries(system, state, limit)
    if as_json:
        print_json([_public(entry) for entry in entries])
        return
    # In a narrow terminal the reason is worth more than the next attempt.
    wide = console.width >= _WIDE
    fixed = ("id", "what", "state", "reported", "tries", *(["next attempt"] if wide else []))
    table = Table(
        *(Column(name, no_wrap=True) for name in fixed),
        Column("reason", overflow="fold", min_width=24),
        box=SIMPLE_HEAD,
    )
    for entry in entries:
        due = "" if entry.state.ended or entry.state is DeliveryState.WAITING else _time_of_day(entry.next_attempt_at)
        what = f"{entry.destination}:{entry.contract}" if wide or len(configured.systems) > 1 else entry.contract
        told = [entry.id[:_SHORT_ID], what, entry.state, _time_of_day(entry.reported_at), str(entry.sends)]
        table.add_row(*cells(*told, *([due] if wide else []), entry.reason or ""))
    console.print(table if entries else "Nothing waits.")


@app.command()
def show(ctx: typer.Context, entry_id: EntryId, *, as_json: Json = False) -> None:
    """Show one entry: every attempt, where each element came from, whether the stored bytes are intact."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = _existing(opened.outbox, entry_id)
        attempts = opened.outbox.attempts(entry)
        try:
            payload = opened.outbox.payload(entry)
            payload_says = {"sha256": payload.sha256, "intact": True, "bytes": len(payload.body)}
            provenance = [asdict(source) for source in payload.particulars.provenance]
        except PayloadDamaged as error:
            payload_says, provenance = {"intact": False, "error": str(error)}, []
    told = {
        **_public(entry),
        "payload": payload_says,
        "attempts_made": [asdict(attempt) for attempt in attempts],
        "provenance": provenance,
    }
    if as_json:
        print_json(told)
        return
    facts = Table(show_header=False, box=None)
    for name, value in _public(entry).items():
        if value is not None:
            facts.add_row(*cells(name, _local(value) if isinstance(value, datetime) else str(value)))
    facts.add_row("payload", ", ".join(f"{name}={value}" for name, value in payload_says.items()))
    console.print(facts)
    told_of_attempts = ("step", "action", "started", "ended", "outcome", "evidence")
    tries = Table(*told_of_attempts, title="attempts", title_justify="left", box=SIMPLE_HEAD)
    for attempt in attempts:
        ended = "" if attempt.ended_at is None else _local(attempt.ended_at)
        told_of_attempt = (str(attempt.step), attempt.action, _local(attempt.started_at), ended)
        tries.add_row(*cells(*told_of_attempt, attempt.outcome or "", attempt.evidence or ""))
    console.print(tries)
    told_of_elements = ("element", "value", "rule", "from")
    columns = [Column(name, overflow="fold") for name in told_of_elements]
    sources = Table(*columns, title="where each element came from", title_justify="left", box=SIMPLE_HEAD)
    for source in provenance:
        sources.add_row(*cells(source["element"], _short(source["value"]), source["rule"], source["origin"]))
    console.print(sources)


@app.command("drain")
def drain_command(
    ctx: typer.Context,
    *,
    system: System = None,
    wait: Annotated[float, typer.Option(min=0, help="Give up after this many seconds.")] = 300,
    as_json: Json = False,
) -> None:
    """Deliver what waits now, instead of at its next attempt. Exit code 1 if something is left."""
    with one_line_errors(), open_shim(settings(ctx)) as shim:
        _known(system, shim.settings)
        wanted = [system] if system else list(shim.systems)
        columns = (TextColumn("draining"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Bar(*columns, console=errors, disable=as_json) as bar:
            task = bar.add_task("drain", total=None)

            def report(progress: Progress) -> None:
                bar.update(task, total=progress.total, completed=max(0, progress.total - progress.left))

            ended = drain(shim.state.outbox, wanted, lambda watch: shim.worker(watch, system), wait, report)
        stuck = [c for c in shim.state.outbox.counts() if c.destination in wanted and c.state in _SOMEBODY_MUST_ACT]
    stuck_entries = sum(count.entries for count in stuck)
    if as_json:
        print_json({**asdict(ended), "somebody_must_act": stuck_entries})
    else:
        console.print(f"{ended.delivered} delivered, {ended.left} left, {stuck_entries} need somebody to act.")
        for name in ended.unreachable:
            console.print(f"{name} does not answer; what waits for it is kept and retried.")
    if ended.left or stuck_entries:
        raise typer.Exit(1)


@app.command()
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


@app.command()
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
        entry = _existing(opened.outbox, entry_id)
        _acted(
            opened.outbox.retry(entry.id, not_there=not_there),
            "retry: the entry is neither rejected nor parked",
            as_json=as_json,
        )


@app.command()
def discard(
    ctx: typer.Context,
    entry_id: EntryId,
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the entry. No names, no numbers of persons.")],
    as_json: Json = False,
) -> None:
    """Give an entry up, so that what waits behind it goes on. Never one that is on its way or unknown."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        entry = _existing(opened.outbox, entry_id)
        _acted(
            opened.outbox.discard(entry.id, reason),
            "discard: the entry is on its way, unknown or ended",
            as_json=as_json,
        )


def _known(system: str | None, configured: Settings) -> None:
    """Refuse a mistyped system: "nothing waits" would be a false all-clear."""
    if system is not None and system not in configured.systems:
        raise fail(f"no system {system!r} is configured; there are: {', '.join(configured.systems)}")


def _acted(entry: Entry | None, refusal: str, *, as_json: bool) -> None:
    if entry is None:
        typer.echo(f"shim: {refusal}", err=True)
        raise typer.Exit(1)
    if as_json:
        print_json(_public(entry))
    else:
        console.print(f"{entry.id} is {entry.state} now.")


def _existing(outbox: Outbox, entry_id: str) -> Entry:
    found = outbox.starting_with(entry_id)
    if len(found) == 1:
        return found[0]
    why = "more than one entry starts with" if found else "no entry"
    typer.echo(f"shim: {why} {entry_id}; `shim outbox list` shows what waits", err=True)
    raise typer.Exit(1)


def _public(entry: Entry) -> dict[str, Any]:
    """The entry without what is only the store's business."""
    hidden = {"seq", "owner", "step", "result", "failures", "order_key", "unknown_boot", "unknown_uptime"}
    return {name: value for name, value in asdict(entry).items() if name not in hidden}


def _short(value: str | None, most: int = 60) -> str:
    text = "" if value is None else value.replace("\n", "⏎")
    return text if len(text) <= most else text[: most - 1] + "…"


def _local(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def _time_of_day(moment: datetime) -> str:
    local = moment.astimezone()
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().astimezone().date() else "%m-%d %H:%M")


def _age(now: datetime, then: datetime) -> str:
    minutes = int((now - then).total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours read better as hours
