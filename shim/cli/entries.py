"""How a command names entries, and what it shows of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.overview import Group, groups
from outbox.selection import STUCK, Selection
from outbox.stored import StoredEntries
from shim import handling, root
from shim.cli.deployment import console, fail, print_json
from shim.local_time import ago, time_of_day
from shim.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print for a program.")]
System = Annotated[str | None, typer.Option("--system", help="Only this system.")]
EntryId = Annotated[str, typer.Argument(metavar="ID", help="The delivery, or as much of its id as is unique.")]
MaybeEntryId = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="One delivery, or as much of its id as is unique.")
]
State = Annotated[DeliveryState | None, typer.Option(help="Only this state.")]
Key = Annotated[
    str | None, typer.Option(help="Only what goes in one order: a delivery's id, or its `order_key` in --json.")
]
OlderThan = Annotated[str | None, typer.Option(help="Only what was reported longer ago, such as 2h, 30m or 3d.")]
GroupOf = Annotated[
    str | None, typer.Option("--group", help="Only what failed for this cause: its code in `shim outbox groups`.")
]
Reason = Annotated[str, typer.Option(help="Why; kept for good. No names, no numbers of persons.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")]

SHORT_ID: Final = 11
"""Characters of an id in a table: `dl_` and 32 bits, so that a night's list fits 100 columns."""
ACT: Final = "bold red"
"""Only for what needs a person."""
_WIDE: Final = 130
NARROW: Final = 100
"""A table is not made narrower than this: a terminal breaks its lines, and no part of a reason is lost."""
_SHOWN: Final = (
    *("id", "destination", "contract", "kind", "client", "reference", "order_key", "follows", "continues"),
    *("supersedes", "superseded_by", "state", "attention", "reported_at", "accepted_at", "next_attempt_at"),
    *("check_at", "sends", "tries", "unknown_since", "backend_id", "reason", "error_group", "not_found", "ended_at"),
)


def known(system: str | None, configured: Settings) -> None:
    """Refuse a mistyped system: "nothing waits" would be a false all-clear."""
    if system is not None and system not in configured.systems:
        raise fail(f"no system {system!r} is configured; there are: {', '.join(configured.systems)}")


def existing(entries: StoredEntries, entry_id: str) -> Entry:
    """Return the entry whose id starts so; exit with 1 if there is not exactly one, and name those that there are."""
    found = entries.starting_with(entry_id)
    if len(found) == 1:
        return found[0]
    if not found:
        raise fail(f"no delivery starts with {entry_id}; `shim outbox list` shows what waits", code=1)
    raise fail(f"more than one delivery starts with {entry_id}: {', '.join(entry.id for entry in found)}", code=1)


def cause(found: Sequence[Group], wanted: str) -> str:
    """Return the cause that a code or the whole text names; exit with 1 if there is not exactly one."""
    named = {group.cause for group in found if wanted in {group.code, group.cause}}
    if len(named) != 1:
        why = "more than one group is" if named else "no group is"
        raise fail(f"{why} {wanted}; `shim outbox groups` shows them", code=1)
    return named.pop()


def selection(
    entries: StoredEntries,
    system: str | None,
    states: frozenset[DeliveryState],
    key: str | None = None,
    older_than: str | None = None,
    group: str | None = None,
) -> Selection:
    """Return what the options of a command select; exit with 1 if they name what there is not."""
    try:
        before = None if older_than is None else root.utc_now() - ago(older_than)
    except ValueError as error:
        raise fail(str(error)) from error
    if key is not None and key.startswith("dl_"):
        key = existing(entries, key).order_key
    named = None if group is None else cause(groups(entries.database, system), group)
    return Selection(system, states, key, before, named)


def checked(reason: str) -> str:
    """Return a reason; exit with 2 if it is empty or may name a person: it is kept for good."""
    if not reason.strip():
        raise fail(f"--reason {handling.EMPTY}")
    if handling.is_unfit(reason):
        raise fail(handling.NUMBER)
    return reason


def acted(entry: Entry | None, refusal: str, *, as_json: bool) -> None:
    """Say how the entry is now; exit with 1 if nothing could be done with it."""
    if entry is None:
        raise fail(refusal, code=1)
    if as_json:
        print_json(public(entry))
    else:
        console.print(f"{entry.id} is {entry.state} now.", soft_wrap=True)


def public(entry: Entry) -> dict[str, Any]:
    """The entry without what is only the store's business."""
    values = asdict(entry)
    return {name: values[name] for name in _SHOWN}


def table(entries: Sequence[Entry], *, systems: int) -> Table:
    """Return a list of entries; with one system its name is left out where room is short."""
    # In a narrow terminal the reason is worth more than the next attempt.
    wide = console.width >= _WIDE
    fixed = ("id", "what", "state", "reported", "sent", *(["next attempt"] if wide else []))
    made = Table(
        *(Column(name, no_wrap=True) for name in fixed),
        Column("reason", overflow="fold", min_width=24),
        box=SIMPLE_HEAD,
        width=NARROW if console.width < NARROW else None,
    )
    for entry in entries:
        due = "" if entry.state.ended or entry.state is DeliveryState.WAITING else time_of_day(entry.next_attempt_at)
        what = f"{entry.destination}:{entry.contract}" if wide or systems > 1 else entry.contract
        stuck = ACT if entry.state in STUCK or entry.attention else ""
        told = [
            Text(entry.id[:SHORT_ID]),
            Text(what),
            Text(entry.state, stuck),
            Text(time_of_day(entry.reported_at)),
            Text(f"{entry.sends}x" if entry.sends else ""),
            *([Text(due)] if wide else []),
            Text(entry.attention or entry.reason or "", ACT if entry.attention else ""),
        ]
        made.add_row(*told)
    return made
