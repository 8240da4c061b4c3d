"""`shim outbox backup`, `restore`, `export`, `import` and `migrate-store`: the whole state, elsewhere and back."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from outbox.actions import Audit, account
from outbox.carrying import alone, backup, load, migrate, restore
from outbox.carrying.asking import Asking
from outbox.carrying.files import new_file
from outbox.carrying.lines import written
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import counts, file_snapshot, snapshot
from outbox.database import URL_PREFIXES
from outbox.entry import from_ms, to_ms
from outbox.sqlite.ownership import check_place
from outbox.uptime import uptime
from shim import root
from shim.cli import keep
from shim.cli.deployment import console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import Json, Reason, checked
from shim.keeping.carried import LEFT_BEHIND, PACKAGES, TABLES, Belonging, header, sqlite_file
from shim.keys import keyed
from shim.root import State, open_deployment_state
from shim.settings import Settings

_KEY = "The master key is not in it: keep that file, too, and elsewhere."


def backup_state(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file; it must not exist.")],
    *,
    as_json: Json = False,
) -> None:
    """Keep the state in a file, while the service and its workers go on."""
    with one_line_errors(), _refusals():
        configured = settings(ctx)
        state = sqlite_file(configured)
        with open_deployment_state(configured):
            pass  # it is ours, and of this release
        with _bar("keeping", as_json=as_json) as report:
            kept = backup.backup(state, file, report)
    if as_json:
        print_json({"file": str(file), "bytes": kept.bytes, "entries": kept.entries})
    else:
        console.print(f"{file}: {kept.entries} entries, {kept.bytes / 1e6:.1f} MB. {_KEY}", soft_wrap=True)


def restore_state(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="What `shim outbox backup` made.")] = None,
    *,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="No file: the state was put back by other means, such as the server's own; ask first for all of it.",
        ),
    ] = False,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Put a backup in the state's place; before anything of it is sent, the backend is asked. Stop everything first."""
    why = checked(reason)
    if (file is None) is not in_place:
        raise fail("name the backup; or, if the state was put back by other means, say --in-place")
    with one_line_errors(), _refusals():
        configured = settings(ctx)
        asking, audit = _asking(configured, "the state was restored; asked first"), _audit(why)
        if file is None:
            with open_deployment_state(configured) as opened:
                done = restore.ask_in_place(opened.database, asking, audit)
        else:
            _ours(sqlite_file(configured))
            wanted = restore.Restoring(file, sqlite_file(configured), PACKAGES, Belonging(configured).check)
            with _bar("restoring", as_json=as_json) as report:
                done = restore.restore(wanted, asking, audit, report)
    until = from_ms(asking.now + int((asking.ahead_s or 0) * 1000)).astimezone()
    if as_json:
        kept = None if done.kept is None else str(done.kept)
        print_json({"entries": done.entries, "unknown": done.unknown, "asked_until": until.isoformat(), "kept": kept})
        return
    console.print(f"{done.unknown} entries are asked for first, before anything is sent.")
    console.print(
        f"So is every report of a time until {until:%Y-%m-%d %H:%M:%S %z}, whenever it comes; a system that cannot be "
        "asked parks it.",
        soft_wrap=True,
    )
    if done.kept is not None:
        console.print(f"The state that was there is {done.kept}; remove it when you need it no more.", soft_wrap=True)


def export(
    ctx: typer.Context,
    *,
    to: Annotated[Path | None, typer.Option(help="A new file; without it standard output.")] = None,
    as_json: Json = False,
) -> None:
    """Write the state as JSON lines, each with its hash; what is sealed stays so. Workers may go on."""
    if to is None and as_json:
        raise fail("--json is about what was written: name the file with --to")
    with (
        one_line_errors(),
        _refusals(),
        open_deployment_state(settings(ctx)) as opened,
        snapshot(opened.database) as tx,
    ):
        tables = counts(tx, TABLES)
        lines = written(tx, header(tx, root.utc_now(), tables), TABLES)
        if to is None:
            sys.stdout.buffer.writelines(lines)
            return
        with _bar("writing", as_json=as_json) as report, new_file(to) as unnamed, unnamed.open("wb") as out:
            for number, line in enumerate(lines):
                out.write(line)
                if number % 1000 == 0:
                    report(number, sum(tables.values()))
    if as_json:
        print_json({"file": str(to), "tables": tables})
    else:
        console.print(f"{to}: {tables['entry']} entries, {sum(tables.values())} rows. {_KEY}", soft_wrap=True)


def import_state(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `shim outbox export` wrote.")],
    *,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Load an export into an empty state; before anything of it is sent, the backend is asked."""
    why = checked(reason)

    def lines() -> Iterable[bytes]:
        try:
            with file.open("rb") as opened:
                yield from opened
        except OSError as error:
            raise CarryingRefused(f"{file} cannot be read: {error.strerror}") from error

    with one_line_errors(), _refusals():
        configured = settings(ctx)
        with open_deployment_state(configured) as opened, _bar("loading", as_json=as_json) as report:
            asking = _asking(configured, "loaded from an export; asked first")
            loaded = load.load(lines, _target(opened), replace(asking, keep_pause=True), _audit(why), report)
    _tell_loaded(loaded, as_json=as_json)


def migrate_store(
    ctx: typer.Context,
    *,
    to: Annotated[
        str, typer.Option(help="`postgresql://user@host/database`, an empty one; PGPASSWORD has the password.")
    ],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Move the state from SQLite to PostgreSQL; the file is refused from then on. Stop everything first."""
    why = checked(reason)
    if not to.startswith(URL_PREFIXES):
        raise fail("--to is a URL of PostgreSQL: postgresql://user@host/database")
    with one_line_errors(), _refusals():
        configured = settings(ctx)
        source = sqlite_file(configured)
        _bring_up_to_date(configured, source)
        moved = configured.model_copy(update={"state": to})
        with open_deployment_state(moved) as opened, _bar("moving", as_json=as_json) as report:
            asking = _asking(configured, "moved to PostgreSQL; asked first")
            asking = replace(asking, keep_pause=True, ahead_s=None)  # it has forgotten nothing
            now = root.utc_now()
            loaded = migrate.migrate(
                source, _target(opened), lambda tx, tables: header(tx, now, tables), asking, _audit(why), report
            )
            where = opened.database.where
    _tell_loaded(loaded, as_json=as_json)
    if not as_json:
        console.print(
            f'The state is {where} now. In shim.toml, on every machine: state = "{where}", with its user before the '
            f"host. {source} is refused from now on; remove it when you need it no more.",
            soft_wrap=True,
            markup=False,
        )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup_state)
    app.command("restore")(restore_state)
    app.command("export")(export)
    app.command("import")(import_state)
    app.command("migrate-store")(migrate_store)
    keep.register(app)


# ---


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except CarryingRefused as error:
        raise fail(str(error)) from error
    except PermissionError as error:
        raise fail(f"{error.filename} cannot be reached: {error.strerror}") from error


@contextmanager
def _bar(word: str, *, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(word), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=as_json or not errors.is_terminal) as bar:
        task = bar.add_task(word, total=None)
        yield lambda done, everything: bar.update(task, completed=done, total=everything)


def _asking(configured: Settings, reason: str) -> Asking:
    ahead_s = configured.report_time.max_ahead_s
    systems = tuple(configured.systems)
    return Asking(to_ms(root.utc_now()), uptime(), reason, systems, ahead_s=ahead_s, left_behind=LEFT_BEHIND)


def _audit(reason: str) -> Audit:
    return Audit(account(), reason, to_ms(root.utc_now()))


def _target(opened: State) -> load.Target:
    with snapshot(opened.database) as tx:
        identity = header(tx, root.utc_now(), {})
    return load.Target(
        opened.database, opened.cipher, TABLES, identity, lambda tx, found: keyed.take(tx, found, opened.key)
    )


def _ours(state: Path) -> None:
    """Refuse a state that is another account's, before anybody asks whether it is there."""
    if state.parent.is_dir():
        check_place(state)


def _bring_up_to_date(configured: Settings, source: Path) -> None:
    """Open the file as the service would, unless an earlier attempt to move it has put it away."""
    _ours(source)
    if not source.is_file() or not source.stat().st_size:
        raise CarryingRefused(f"there is no state {source} to move")
    with file_snapshot(source) as reading:
        before = alone.why_put_away(reading)
    if before is None:
        with open_deployment_state(configured):
            pass


def _tell_loaded(loaded: load.Loaded, *, as_json: bool) -> None:
    if as_json:
        print_json({"tables": loaded.tables, "unknown": loaded.unknown})
        return
    rows = sum(loaded.tables.values())
    console.print(f"{loaded.tables['entry']} entries, {rows} rows; every payload is what was validated.")
    console.print(f"{loaded.unknown} entries are asked for first, before anything is sent.")
