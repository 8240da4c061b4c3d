"""`shim snapshot`: a copy of a database that tests can use, and the proof that nobody is in it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from contracts.snapshots import SnapshotRefused, Technology
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import console, fail, one_line_errors, print_json
from shim.cli.entries import Json
from shim.cli.snapshot_places import Named, PasswordFile, User, account, place_of, policy_of
from shim.cli.snapshot_shown import progress, show_difference, show_verdict
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.pseudonyms.run import pseudonymise
from shim.recording import drift, is_recording
from shim.snapshots.compare import Difference, diff
from shim.snapshots.folders import ended_by_signals, private_folder
from shim.snapshots.technologies import of_file, of_files, of_place
from shim.snapshots.verify import verify

app = typer.Typer(
    name="snapshot", help="Copies of databases: taken, made harmless, proved so, restored.", no_args_is_help=True
)

Place = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        help="/path.fdb or host/port:path of Firebird, postgresql://host/database, sqlite:////path, or the name of a "
        "configured system.",
    ),
]
Policy = Annotated[
    str | None,
    typer.Option("--policy", help="What each column is: a file, or the name of an adapter that brings one."),
]
KeyFile = Annotated[Path, typer.Option("--key", help="Key file of the pseudonyms, as `shim snapshot key` makes it.")]


@app.command("take")
def take(
    ctx: typer.Context,
    place: Place,
    file: Annotated[Path, typer.Argument(help="A new file; it must not exist.")],
    *,
    user: User = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Copy a database into one file, while it is in use. Patients are in it: see `pseudonymise`."""
    with one_line_errors(), _refusals():
        _refuse_taken(file)
        where = place_of(ctx, place)
        with progress(as_json=as_json) as tell, ended_by_signals():
            of_place(where).take(where, account(user, password_file), file, tell)
    size = file.stat().st_size
    told_with_outcome(ctx, bytes=size)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        _say(f"{file}: {size / 1e6:.1f} MB, as the database is, with everybody in it.")


@app.command("restore")
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `take` or `pseudonymise` wrote.")],
    place: Place,
    *,
    user: User = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Make a sandbox of a snapshot: a new database, or one that was made so and that nobody is in. Never another."""
    with one_line_errors(), _refusals():
        technology, where = of_file(file), place_of(ctx, place)
        if not technology.is_place(where):
            raise SnapshotRefused(f"{file} is a snapshot of {technology.name}, and {place} is no place of that kind")
        with progress(as_json=as_json) as tell, ended_by_signals():
            technology.restore(file, where, account(user, password_file), tell)
    if as_json:
        print_json({"file": str(file), "place": place})
    else:
        _say(f"{place} is a sandbox with what {file} holds.")


@app.command("pseudonymise")
def make_harmless(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `take` wrote.")],
    out: Annotated[Path, typer.Argument(help="A new file; it must not exist.")],
    *,
    key: KeyFile,
    policy: Policy = None,
    system: Named = None,
    as_json: Json = False,
) -> None:
    """Write a snapshot with the same schema and invented people. Prove it with `verify` before it goes anywhere."""
    with one_line_errors(), _refusals():
        _refuse_taken(out)
        technology, rules = of_file(file), policy_of(ctx, policy, system)
        with progress(as_json=as_json) as tell, private_folder(out) as folder:
            done = pseudonymise(technology, file, out, rules, key, folder, tell)
    rows = sum(done.rows.values())
    told_with_outcome(ctx, rows=rows, pseudonym_key=done.key, policy_fingerprint=done.policy)
    if as_json:
        told = {"file": str(out), "rows": dict(done.rows), "aside": done.aside, "key": done.key, "policy": done.policy}
        print_json(told)
        return
    _say(f"{out}: {rows} rows of {len(done.rows)} tables, with key {done.key} and policy {done.policy}.")
    if done.aside:
        _say(f"{done.aside} values stepped aside: in another system they may have another pseudonym.")
    named = f"--policy {policy}" if policy else f"--system {system}"
    _say(f"Before it goes anywhere: shim snapshot verify {file} {out} {named} --key {key}")


@app.command("verify")
def prove(
    ctx: typer.Context,
    original: Annotated[Path, typer.Argument(help="What `take` wrote.")],
    result: Annotated[Path, typer.Argument(help="What `pseudonymise` made of it.")],
    *,
    policy: Policy = None,
    system: Named = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The key that it was made with; then dates are compared, too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search a result for everything of the original that the policy protects, in rows and in raw bytes.

    Exit code 0 when nothing is left, 1 when something is, 2 when that cannot be told.
    """
    with one_line_errors(), _refusals():
        technology, rules = of_files(original, result), load_policy(policy_of(ctx, policy, system))
        known = None if key is None else PseudonymKey.load(key)
        with progress(as_json=as_json) as tell, private_folder(result) as folder:
            verdict = verify(technology, original, result, rules, folder, tell, known)
    told_with_outcome(ctx, clean=verdict.clean, survivors=sum(one.count for one in verdict.survivors))
    if as_json:
        print_json(verdict.as_json())
    else:
        show_verdict(verdict, result)
    if not verdict.clean:
        raise typer.Exit(1)


@app.command("diff")
def compare(
    first: Annotated[Path, typer.Argument(help="A snapshot, or a recording of exchanges.")],
    second: Annotated[Path, typer.Argument(help="Another one of the same kind.")],
    *,
    as_json: Json = False,
) -> None:
    """Compare two snapshots, schema and rows, or two recordings by shape. Shows no values. Exit code 1: they differ."""
    with one_line_errors(), _refusals():
        recordings = [is_recording(file) for file in (first, second) if file.exists()]
        if all(recordings) and len(recordings) == len((first, second)):
            drifted = drift(first, second)
            print_json(drifted.as_json()) if as_json else _say("\n".join(drifted.lines) or "The shapes are the same.")
            differ = bool(drifted)
        else:
            found = _compared(of_files(first, second), first, second, as_json=as_json)
            print_json(found.as_json()) if as_json else show_difference(found)
            differ = bool(found)
    if differ:
        raise typer.Exit(1)


@app.command("key")
def make_key(
    file: Annotated[Path, typer.Argument(help="A new file; keep it where no snapshot is.")], *, as_json: Json = False
) -> None:
    """Make a key of pseudonyms. Whoever has it and an original can tell who is who."""
    with _refusals():
        key = PseudonymKey.make(file)
    if as_json:
        print_json({"file": str(file), "id": key.id})
    else:
        _say(f"{file}: key {key.id}. Keep it apart from snapshots; without it nobody gets the same pseudonyms again.")


# ---


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except SnapshotRefused as error:
        raise fail(str(error)) from error
    except sqlite3.Error as error:
        raise fail(f"the temporary files beside the snapshot cannot be written: {error}") from error
    except OSError as error:
        raise fail(f"{error.filename or 'the snapshot'} cannot be read or written: {error.strerror}") from error


def _compared(technology: Technology, first: Path, second: Path, *, as_json: bool) -> Difference:
    with progress(as_json=as_json) as tell, private_folder(second) as folder:
        rooms = [folder / name for name in ("first", "second", "rows")]
        for room in rooms:
            room.mkdir(mode=0o700)
        with technology.opened(first, rooms[0], tell) as ours, technology.opened(second, rooms[1], tell) as theirs:
            return diff(ours, theirs, rooms[2], tell)


def _refuse_taken(file: Path) -> None:
    if os.path.lexists(file):
        raise SnapshotRefused(f"{file} exists; remove it or choose another name")
    if not file.absolute().parent.is_dir():
        raise SnapshotRefused(f"there is no folder {file.absolute().parent}")


def _say(line: str) -> None:
    console.print(line, soft_wrap=True, markup=False, highlight=False)
