"""`shim audit search` and `export`: what is in the audit. To look is in it, too."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table

from outbox.carrying.files import new_file
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import snapshot
from outbox.entry import from_ms, to_ms
from shim import root
from shim.audit.exporting import exported
from shim.audit.fhir import audit_event
from shim.audit.rows import detail_of
from shim.audit.searching import Wanted, found
from shim.audit.subjects import named_subject
from shim.audit.times import moment
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import beyond, cells, console, fail, one_line_errors, print_json, settings
from shim.cli.entries import NARROW, Json
from shim.local_time import local
from shim.root import State, open_deployment_state

Since = Annotated[str | None, typer.Option("--since", help="Only from then on: 2h, 30d, 2026-11-21, or a whole time.")]


def search(
    ctx: typer.Context,
    *,
    client: Annotated[str | None, typer.Option(help="Only what this client asked.")] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM:KIND:KEY",
            help="Only what was about this person, by the backend's key; KIND is patient (PT) or tenant (TN).",
        ),
    ] = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option(help="Only before then; written as --since is.")] = None,
    system: Annotated[str | None, typer.Option(help="Only this system.")] = None,
    contract: Annotated[str | None, typer.Option(help="Only this contract.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only what ended so, such as ok or not-found.")] = None,
    on_behalf_of: Annotated[str | None, typer.Option(help="Only what was asked on this one's behalf.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows, the newest.")] = 100,
    as_json: Json = False,
) -> None:
    """Find rows of the audit. That you looked is written down before you see anything."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as opened:
        wanted = Wanted(
            client, _subjects(opened, subject), _ms(since), _ms(until), system, contract, outcome, on_behalf_of, limit
        )
        rows = found(opened.database, wanted)
    told_with_outcome(ctx, found=min(len(rows), limit))
    more, rows = len(rows) > limit, rows[-limit:]
    if as_json:
        print_json([{**row, "at": from_ms(row["at"]), "detail": detail_of(row["detail"])} for row in rows])
        return
    if not rows:
        console.print("Nothing is like that.")
        return
    console.print(_table(rows), crop=False)
    if more:
        console.print(f"There are more than {limit}; these are the newest.")


def export(
    ctx: typer.Context,
    *,
    to: Annotated[Path, typer.Option(help="A new file; it must not exist.")],
    since: Since = None,
    fhir: Annotated[bool, typer.Option("--fhir", help="Each line an AuditEvent of FHIR R4.")] = False,
    as_json: Json = False,
) -> None:
    """Write the audit as JSON lines, in the order of time; docs/audit.md says where each field is in FHIR."""
    with one_line_errors():
        configured = settings(ctx)
        begin = _ms(since) or 0
        with open_deployment_state(configured) as opened, snapshot(opened.database) as tx:
            lines: Iterable[dict[str, Any]] = exported(tx, begin)
            if fhir:
                lines = (audit_event(line, configured.deployment) for line in lines)
            rows = _write(to, lines)
    told_with_outcome(ctx, rows=rows)
    if as_json:
        print_json({"file": str(to), "rows": rows})
    else:
        console.print(f"{to}: {rows} rows.", soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("search")(search)
    app.command("export")(export)


# ---


def _subjects(opened: State, subject: str | None) -> list[str] | None:
    if subject is None:
        return None
    try:
        return opened.subjects.all_of(*named_subject(subject))
    except ValueError as error:
        raise fail(str(error)) from error


def _ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return to_ms(moment(text, root.utc_now()))
    except ValueError as error:
        raise fail(str(error)) from error
    except OverflowError as error:
        raise fail(beyond(text)) from error


def _write(to: Path, lines: Iterable[dict[str, Any]]) -> int:
    rows = 0
    try:
        with new_file(to) as unnamed, unnamed.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
                rows += 1
    except CarryingRefused as error:
        raise fail(str(error)) from error
    return rows


def _table(rows: list[dict[str, Any]]) -> Table:
    made = Table(
        Column("when", no_wrap=True),
        Column("who", overflow="fold"),
        Column("did", overflow="fold"),
        Column("ended", overflow="fold"),
        Column("why", overflow="fold"),
        box=SIMPLE_HEAD,
        width=NARROW if console.width < NARROW else None,
    )
    for row in rows:
        who = row["client"] or row["actor"] or "nobody known"
        behalf = f" for {row['on_behalf_of']}" if row["on_behalf_of"] else ""
        where = f" in {row['system']}" if row["system"] else ""
        ended = row["outcome"] or "(intent)"
        made.add_row(*cells(_when(row["at"]), f"{who}{behalf}", f"{row['action']}{where}", ended, row["purpose"] or ""))
    return made


def _when(at: int) -> str:
    moment_: datetime = from_ms(at)
    return local(moment_)
