"""`shim outbox`: what waits, why, and the administrator's hand on it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table

from contracts.delivery import DeliveryState
from outbox.entry import StateCount
from shim.cli import hand
from shim.cli.deployment import cells, console, fail, one_line_errors, print_json, settings
from shim.cli.entries import SHORT_ID, SOMEBODY_MUST_ACT, Json, System, known, public
from shim.cli.times import age, time_of_day
from shim.root import open_deployment_state

app = typer.Typer(name="outbox", help="What is on its way to a legacy system, and what is stuck.", no_args_is_help=True)
for act in (hand.drain, hand.work, hand.retry, hand.discard, hand.check, hand.seen):
    app.command()(act)

_WIDE: Final = 130
_NARROW: Final = 100
"""A list is not made narrower than this: a terminal breaks its lines, and no part of a reason is lost."""


@app.command()
def status(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Count what waits, per system and state, with the age of the oldest."""
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as state:
            counts = state.outbox.counts()
    counts.sort(key=lambda count: (count.attention is None, count.state not in SOMEBODY_MUST_ACT, count.destination))
    if as_json:
        print_json([asdict(count) for count in counts])
        return
    table = Table("system", "state", "entries", "oldest accepted", "", box=SIMPLE_HEAD)
    now = datetime.now(UTC)
    for count in counts:
        gone = count.state in {DeliveryState.DELIVERED, DeliveryState.DISCARDED}
        waits = "" if gone else f" ({age(now, count.oldest)} ago)"
        state_of = count.state if count.attention is None else f"{count.state}, {count.attention}"
        told = cells(count.destination, state_of, str(count.entries), time_of_day(count.oldest) + waits)
        table.add_row(*told, f"[bold red]{_act(count)}[/]")
    console.print(table if counts else "The outbox is empty.")


def _act(count: StateCount) -> str:
    if count.attention is not None:
        return "shim outbox list --attention"
    return "somebody must act" if count.state in SOMEBODY_MUST_ACT else ""


@app.command("list")
def list_entries(
    ctx: typer.Context,
    *,
    system: System = None,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Only this state; without it all that has not left.")
    ] = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Only delivered ones whose record somebody should look at.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: Json = False,
) -> None:
    """List entries: without a state those that have not left, oldest first."""
    if attention and state is not None:
        raise fail("--attention is about delivered entries; leave --state out")
    with one_line_errors():
        configured = settings(ctx)
        known(system, configured)
        with open_deployment_state(configured) as opened:
            stored = opened.outbox
            entries = stored.wanting_attention(system, limit) if attention else stored.entries(system, state, limit)
    if as_json:
        print_json([public(entry) for entry in entries])
        return
    # In a narrow terminal the reason is worth more than the next attempt.
    wide = console.width >= _WIDE
    fixed = ("id", "what", "state", "reported", "tries", *(["next attempt"] if wide else []))
    table = Table(
        *(Column(name, no_wrap=True) for name in fixed),
        Column("reason", overflow="fold", min_width=24),
        box=SIMPLE_HEAD,
        width=_NARROW if console.width < _NARROW else None,
    )
    for entry in entries:
        due = "" if entry.state.ended or entry.state is DeliveryState.WAITING else time_of_day(entry.next_attempt_at)
        what = f"{entry.destination}:{entry.contract}" if wide or len(configured.systems) > 1 else entry.contract
        told = [entry.id[:SHORT_ID], what, entry.state, time_of_day(entry.reported_at), str(entry.sends)]
        table.add_row(*cells(*told, *([due] if wide else []), entry.attention or entry.reason or ""))
    console.print(table if entries else "Nothing waits.", crop=False)
