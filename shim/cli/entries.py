"""How a command names one entry, and what it shows of entries."""

from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.stored import StoredEntries
from shim.cli.deployment import console, fail, print_json
from shim.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print for a program.")]
System = Annotated[str | None, typer.Option("--system", help="Only this system.")]
EntryId = Annotated[str, typer.Argument(metavar="ID", help="The delivery, or as much of its id as is unique.")]

SHORT_ID: Final = 11
"""Characters of an id in a table: `dl_` and 32 bits, so that a night's list fits 100 columns."""
SOMEBODY_MUST_ACT: Final = (DeliveryState.REJECTED, DeliveryState.PARKED)
_SHOWN: Final = (
    *("id", "destination", "contract", "kind", "client", "reference", "follows", "continues", "state", "attention"),
    *("reported_at", "accepted_at", "next_attempt_at", "check_at", "sends", "unknown_since", "backend_id", "reason"),
    *("not_found", "ended_at"),
)


def known(system: str | None, configured: Settings) -> None:
    """Refuse a mistyped system: "nothing waits" would be a false all-clear."""
    if system is not None and system not in configured.systems:
        raise fail(f"no system {system!r} is configured; there are: {', '.join(configured.systems)}")


def existing(entries: StoredEntries, entry_id: str) -> Entry:
    """Return the entry whose id starts so; exit with 1 if there is not exactly one."""
    found = entries.starting_with(entry_id)
    if len(found) == 1:
        return found[0]
    why = "more than one entry starts with" if found else "no entry"
    raise fail(f"{why} {entry_id}; `shim outbox list` shows what waits", code=1)


def acted(entry: Entry | None, refusal: str, *, as_json: bool) -> None:
    """Say how the entry is now; exit with 1 if nothing could be done with it."""
    if entry is None:
        raise fail(refusal, code=1)
    if as_json:
        print_json(public(entry))
    else:
        console.print(f"{entry.id} is {entry.state} now.")


def public(entry: Entry) -> dict[str, Any]:
    """The entry without what is only the store's business."""
    values = asdict(entry)
    return {name: values[name] for name in _SHOWN}
