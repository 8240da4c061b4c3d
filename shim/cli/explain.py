"""`shim explain`: one delivery on one screen, for whoever asks why a record says what it says."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from contracts.delivery import Source
from outbox.actions import Action
from outbox.entry import Entry
from outbox.selection import STUCK
from outbox.stored import StoredEntries
from shim.cli.administered import told_about
from shim.cli.deployment import cells, console, fail, one_line_errors, print_json, settings
from shim.cli.entries import ACT, SHORT_ID, Json, System
from shim.explanation import Explanation, Payload, explanation, moves, named
from shim.local_time import local
from shim.root import open_deployment_state

_VALUE_WIDTH: Final = 34
"""Columns of a value; what is longer is folded."""
_ATTENTION: Final = "look at it"
_DAMAGE: Final = "DAMAGED"
_STUCK: Final = tuple(f"{state}: " for state in sorted(STUCK))


def explain(
    ctx: typer.Context,
    delivery: Annotated[
        str,
        typer.Argument(
            metavar="DELIVERY|INCIDENT",
            help="The delivery, or as much of its id as is unique; or the backend's number, such as INC-000482.",
        ),
    ],
    *,
    system: System = None,
    as_json: Json = False,
) -> None:
    """Show where each element of a record came from, and all that was done. Asks no backend."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as state:
        entry = _one(state.outbox, delivery, system)
        told_about(ctx, state, entry)
        told = explanation(state.outbox, entry)
    if as_json:
        print_json(told.as_json())
        return
    console.print(_facts(told))
    console.print()
    console.print(_history(told))
    if told.actions:
        console.print()
        console.print(_actions(told.actions))
    if told.follow_ons:
        console.print()
        console.print(_follow_ons(told.follow_ons))
    console.print()
    for line in _elements(told.sources):
        console.print(line)


def _one(entries: StoredEntries, wanted: str, system: str | None) -> Entry:
    found = named(entries, wanted, system)
    if len(found) == 1:
        return found[0]
    if not found:
        line = f"no delivery is, or has brought, {wanted}" + ("" if system is None else f" in {system}")
    elif wanted.startswith("dl_"):
        line = f"more than one delivery starts with {wanted}: {', '.join(entry.id for entry in found)}"
    else:
        several = ", ".join(f"{entry.id} in {entry.destination}" for entry in found[:4])
        line = f"more than one delivery has brought {wanted}: {several}; name one, or choose with --system"
    raise fail(line, code=1)


def _facts(told: Explanation) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in _facts_of(told):
        grid.add_row(*cells(name, value), style=ACT if _alarming(name, value) else "")
    return grid


def _facts_of(told: Explanation) -> Iterator[tuple[str, str]]:
    entry = told.entry
    yield "delivery", f"{entry.id}   {entry.destination}:{entry.contract}"
    yield "state", entry.state if entry.reason is None else f"{entry.state}: {entry.reason}"
    if entry.attention is not None:
        yield _ATTENTION, f"{entry.attention}; when you have: shim outbox seen {entry.id[:SHORT_ID]} --reason …"
    if told.behind is not None:
        yield "behind", f"{told.behind.id}, which is {told.behind.state}"
    if moves(entry):
        yield "next attempt", local(entry.next_attempt_at)
    if entry.backend_id is not None:
        yield entry.kind, entry.backend_id
    if told.sla is not None:
        yield "backend's SLA", _sla(told.sla)
    if entry.check_at is not None:
        yield "looked at again", local(entry.check_at)
    yield "reported", _as_reported(entry.reported_at)
    yield "accepted", f"{local(entry.accepted_at)}, from client {entry.client}"
    yield "reference", entry.reference
    if entry.trace is not None:
        yield "trace", entry.trace
    for name, other in _relations(entry):
        if other is not None:
            yield name, other
    yield "SHA-256", told.payload.sha256 or "lost"
    yield _bytes(told.payload)


def _bytes(payload: Payload) -> tuple[str, str]:
    if payload.pruned_at is not None:
        return "", f"the payload was pruned on {payload.pruned_at:%Y-%m-%d}; its hash and its sources stay"
    if payload.damage is None:
        return "", f"{payload.bytes} bytes are stored, and they are those that were validated"
    return _DAMAGE, payload.damage


def _relations(entry: Entry) -> tuple[tuple[str, str | None], ...]:
    return (
        ("follows", entry.follows),
        ("continues", entry.continues),
        ("composed anew for", entry.supersedes),
        ("superseded by", entry.superseded_by),
    )


def _alarming(name: str, value: str) -> bool:
    return name in {_ATTENTION, _DAMAGE} or (name == "state" and value.startswith(_STUCK))


def _sla(sla: Mapping[str, object]) -> str:
    times = [f"{word} {sla[name]}" for name, word in (("started_at", "from"), ("due_at", "due")) if sla.get(name)]
    return ", ".join([str(sla.get("state")), *times])


def _as_reported(moment: datetime) -> str:
    return f"{moment.isoformat(sep=' ', timespec='seconds')}, the message's own time"


def _history(told: Explanation) -> Table:
    table = Table("when", "what", "outcome", "evidence", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for attempt in told.attempts:
        outcome, evidence = attempt.outcome or "under way", attempt.evidence or ""
        table.add_row(*cells(local(attempt.started_at), attempt.action, outcome, evidence))
    for look in told.verifications:
        table.add_row(*cells(local(look.started_at), "check", look.outcome, look.evidence))
    if not table.row_count:
        table.add_row("", "nothing yet", "", "")
    return table


def _actions(actions: list[Action]) -> Table:
    table = Table("when", "who", "did", "", "because", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for action in actions:
        detail = ", ".join(f"{name} {value}" for name, value in action.detail.items() if value is not False)
        table.add_row(*cells(local(action.at), action.actor, action.action, detail, action.reason))
    return table


def _follow_ons(entries: list[Entry]) -> Table:
    table = Table(
        "what did not fit", "what", "state", "record", "reason", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for entry in entries:
        table.add_row(*cells(entry.id, entry.contract, entry.state, entry.backend_id or "", entry.reason or ""))
    return table


def _elements(sources: tuple[Source, ...]) -> Iterator[Table | Padding]:
    """One line with element, value and rule, and under it where the value came from."""
    if not sources:
        return
    widths = {
        "element": max(len("element"), *(len(source.element) for source in sources)),
        "value": min(_VALUE_WIDTH, max(len("value"), *(len(_shown(source.value)) for source in sources))),
    }
    for source in (Source("element", "value", "rule", ""), *sources):
        line = Table.grid(padding=(0, 2))
        line.add_column(width=widths["element"], no_wrap=True)
        line.add_column(width=widths["value"], overflow="fold")
        line.add_column(overflow="fold")
        line.add_row(*cells(source.element, _shown(source.value), source.rule), style="" if source.origin else "bold")
        yield line
        if source.origin:
            yield Padding(Text(f"← {source.origin}", style="dim"), (0, 0, 0, 4))


def _shown(value: str | None) -> str:
    return "-" if value is None else value.replace("\n", "⏎")
