"""Acting on many entries, and trying on what would happen."""

from collections.abc import Callable
from typing import Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from outbox.entry import Entry
from outbox.hand import Handled
from outbox.overview import count
from outbox.selection import Selection
from outbox.stored import StoredEntries
from shim import handling
from shim.cli.deployment import console, errors, fail, print_json
from shim.cli.entries import SHORT_ID
from shim.local_time import time_of_day

Act = Callable[[Callable[[int], None]], Handled]
"""Does it, and reports how many that have been so far."""
_FIRST: Final = 5
"""Entries that a dry run names."""


def refuse_filters(*filters: object) -> None:
    """Exit with 2 if a filter comes with one delivery's name: which of the two is meant?"""
    if any(value is not None for value in filters):
        raise fail("name one delivery, or select by --system, --state, --older-than and --group")


def refuse_everything(*filters: object) -> None:
    """Exit with 2 unless something is selected: nobody means everything by saying nothing."""
    if all(value is None for value in filters):
        raise fail("name one delivery, or select by --system, --state, --older-than or --group")


def refused(word: str, why: str | None) -> str | None:
    """Say to which command it is that something cannot be done; None if it can."""
    return why if why is None or why == handling.CHANGED else f"{word}: {why}"


# --- many


def show_selected(entries: StoredEntries, chosen: Selection, word: str, *, as_json: bool) -> None:
    """Show what would happen; exit with 1 if that is nothing."""
    counts = count(entries.database, chosen)
    first = [entry.id for entry in entries.chosen(chosen, _FIRST)]
    total = sum(row.entries for row in counts)
    if as_json:
        by = [{"system": row.destination, "state": row.state, "entries": row.entries} for row in counts]
        print_json({"dry_run": True, "entries": total, "by": by, "first": first})
    else:
        for row in counts:
            oldest = time_of_day(row.oldest_reported_at)
            console.print(f"  {row.entries} of {row.destination} that are {row.state}, the oldest reported {oldest}")
        named = ", ".join(entry[:SHORT_ID] for entry in first)
        more = f" and {total - len(first)} more" if total > len(first) else ""
        console.print(f"{total} would be {word}{f': {named}{more}' if first else ''}. Nothing was changed.")
    if not total:
        raise typer.Exit(1)


def act_on(entries: StoredEntries, chosen: Selection, word: str, act: Act, *, as_json: bool) -> None:
    """Do it to all that is selected; exit with 1 if that is nothing, or something was left out."""
    total = sum(row.entries for row in count(entries.database, chosen))
    with Progress(TextColumn(word), BarColumn(), MofNCompleteColumn(), console=errors, disable=as_json) as bar:
        task = bar.add_task(word, total=total)
        handled = act(lambda done: bar.update(task, completed=done))
    if as_json:
        print_json({"done": handled.done, "left_out": handled.left_out})
    else:
        rest = f"; {handled.left_out} changed meanwhile and were left as they are" if handled.left_out else ""
        console.print(f"{handled.done} {word}{rest}.")
    if handled.left_out or not handled.done:
        raise typer.Exit(1)


# --- one


def show_one(entry: Entry, refusal: str | None, would: str, *, as_json: bool) -> None:
    """Show what would happen to one entry; exit with 1 if that is nothing."""
    if refusal is not None:
        raise fail(refusal, code=1)
    if as_json:
        by = [{"system": entry.destination, "state": entry.state, "entries": 1}]
        print_json({"dry_run": True, "entries": 1, "by": by, "first": [entry.id]})
    else:
        console.print(f"{entry.id} is {entry.state}; {would}. Nothing was changed.", soft_wrap=True)
