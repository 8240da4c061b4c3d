"""`shim outbox supersede`: compose anew what another mapping or schema stands in the way of."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import typer

from contracts.delivery import DeliveryState
from contracts.errors import ContractError
from outbox.entry import Entry
from outbox.selection import STUCK, Selection
from outbox.superseding import Refused
from shim.cli.deployment import console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import (
    SHORT_ID,
    DryRun,
    GroupOf,
    Json,
    MaybeEntryId,
    Reason,
    System,
    checked,
    existing,
    known,
    selection,
)
from shim.root import Shim, open_shim
from shim.writing.anew import Composed, compose

_MOST: Final = 1000
"""Entries that one command composes anew; a second one takes the next."""


def supersede(
    ctx: typer.Context,
    entry_id: MaybeEntryId = None,
    *,
    reason: Reason,
    group: GroupOf = None,
    system: System = None,
    not_there: Annotated[
        bool,
        typer.Option("--not-there", help="You have looked: the backend does not have it, nor a part of it."),
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Compose a delivery, or a stuck group, anew with today's mapping and schemas.

    With a group comes what waits behind it and would get stuck for the same reason.
    Same reference, same report time, same turn in its key; the old one is discarded, and each names the other. Only
    what has not left and is not on its way. Exit code 1 if something could not be composed.
    """
    checked(reason)
    if (entry_id is None) is (group is None):
        raise fail("name one delivery, or a --group")
    if not_there and entry_id is None:
        raise fail("--not-there is about one delivery: name it")
    with one_line_errors(), open_shim(settings(ctx)) as shim:
        known(system, shim.settings)
        outbox = shim.state.outbox
        if entry_id is not None:
            wanted: Sequence[Entry] = [existing(outbox, entry_id)]
        else:
            stuck = outbox.chosen(selection(outbox, system, STUCK, group=group), _MOST)
            wanted = [entry for head in stuck for entry in (head, *_stale_behind(shim, head))]
        told, refused = [], []
        for entry in wanted:
            try:
                _require_accepted(shim, entry, dry_run=dry_run)
                composed = compose(outbox, shim.systems, entry, not_there=not_there)
                if not dry_run:
                    shim.state.hand.supersede(composed.supersession, reason)
            except (Refused, ContractError) as error:
                refused.append({"delivery": entry.id, "why": str(error)})
            else:
                told.append(_told(composed, dry_run=dry_run))
                if not as_json:
                    _show(composed, dry_run=dry_run, whole=len(told) == 1)
    _end(told, refused, dry_run=dry_run, as_json=as_json)


def _require_accepted(shim: Shim, entry: Entry, *, dry_run: bool) -> None:
    why = shim.drift.read_only(entry.destination)
    if why is not None and not dry_run:
        raise Refused(f"{entry.destination} is read-only ({why}): first shim systems accept {entry.destination} …")


def _stale_behind(shim: Shim, head: Entry) -> Iterator[Entry]:
    """Yield what waits behind an entry and was validated as it was; parts are left out, they come with their whole."""
    waiting = Selection(head.destination, frozenset({DeliveryState.WAITING}), head.order_key)
    system = shim.systems.get(head.destination)
    for entry in shim.state.outbox.chosen(waiting, _MOST):
        today = None if system is None else system.desk.destination.fingerprint(entry.kind)
        if entry.continues is None and entry.fingerprint not in {None, today}:
            yield entry


def _told(composed: Composed, *, dry_run: bool) -> dict[str, Any]:
    old, new = composed.supersession.old, composed.supersession.new
    return {
        "delivery": old.id,
        "superseded_by": None if dry_run else new.id,
        "reference": new.reference,
        "reported_at": new.document.reported_at,
        "parts": len(composed.supersession.parts),
        "changes": None
        if composed.changes is None
        else [{"element": change.element, "was": change.was, "becomes": change.becomes} for change in composed.changes],
    }


def _show(composed: Composed, *, dry_run: bool, whole: bool) -> None:
    old, new = composed.supersession.old, composed.supersession.new
    if dry_run:
        console.print(f"{old.id} would be composed anew.", soft_wrap=True)
    else:
        console.print(f"{old.id[:SHORT_ID]} is superseded by {new.id}.", soft_wrap=True)
    if not whole:
        return  # what changes is the mapping's doing, and so mostly the same in all of a group
    reported = new.document.reported_at.isoformat(sep=" ", timespec="seconds")
    console.print(f"  as before: reference {new.reference}, reported {reported}", highlight=False)
    if composed.changes is None:
        console.print("  the old document cannot be read, so nothing is compared")
    for change in composed.changes or ():
        line = f"  {change.element}: {_value(change.was)} becomes {_value(change.becomes)}"
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if composed.changes == ():
        console.print("  every element has the value that it had")


def _value(value: str | None) -> str:
    return "(nothing that can be shown)" if value is None else value


def _end(told: list[dict[str, Any]], refused: list[dict[str, str]], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": dry_run, "superseded": told, "refused": refused})
    else:
        for one in refused:
            errors.print(f"shim: {one['why']}", soft_wrap=True, highlight=False, markup=False)
        if dry_run:
            console.print(f"{len(told)} would be superseded, {len(refused)} cannot be. Nothing was changed.")
        elif told:
            rest = f", {len(refused)} could not be" if refused else ""
            console.print(
                f"{len(told)} superseded{rest}. Each goes at its turn; now: shim outbox drain", soft_wrap=True
            )
    if refused or not told:
        raise typer.Exit(1)
