"""`shim audit prune`: let go of what is old enough, and prove the rest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from outbox.entry import to_ms
from shim import root
from shim.audit import checkpoints, pruning
from shim.audit.findings import Finding
from shim.audit.signing import Signer, Trusted
from shim.audit.times import LEAST_YEARS, before, is_too_short
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import beyond, console, errors, fail, one_line_errors, print_json, settings
from shim.cli.entries import DryRun, Json, checked
from shim.local_time import local
from shim.root import State, open_deployment_state
from shim.settings import Settings


@dataclass(frozen=True, slots=True)
class _Done:
    rows: int
    chains: int
    left: tuple[Finding, ...]


def prune_audit(
    ctx: typer.Context,
    *,
    keep: Annotated[str, typer.Option(help="How long rows are kept, such as 5y or 2000d.")],
    shorter_because: Annotated[
        str | None, typer.Option(help=f"Why less than {LEAST_YEARS} years are kept; kept for good.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let go of rows that are older, up to a checkpoint; the rest stays verifiable. Exit code 1 if a chain was left."""
    keep_from = _keep_from(keep, shorter_because)
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as opened:
            done = _prune(configured, opened, keep_from, dry_run=dry_run)
    rows = 0 if dry_run else done.rows
    told_with_outcome(ctx, rows=rows, chains=done.chains, before=to_ms(keep_from), left=len(done.left))
    if as_json:
        told = {"dry_run": dry_run, "rows": done.rows, "chains": done.chains, "before": keep_from}
        print_json({**told, "left": [str(finding) for finding in done.left]})
    else:
        would = "would be" if dry_run else "are"
        console.print(f"{done.rows} rows of {done.chains} chains {would} gone: what is older than {local(keep_from)}.")
        for finding in done.left:
            errors.print(f"shim: left as it is: {finding}", soft_wrap=True, markup=False, highlight=False)
    if done.left:
        raise typer.Exit(1)


def _keep_from(keep: str, shorter_because: str | None) -> datetime:
    now = root.utc_now()
    try:
        keep_from = before(keep, now)
    except ValueError as error:
        raise fail(str(error)) from error
    except OverflowError as error:
        raise fail(beyond(keep)) from error
    if shorter_because is not None:
        checked(shorter_because)
    elif is_too_short(keep_from, now):
        raise fail(f"less than {LEAST_YEARS} years; if that is right, say why: --shorter-because …")
    return keep_from


def _prune(configured: Settings, opened: State, keep_from: datetime, *, dry_run: bool) -> _Done:
    try:
        cuts, left = pruning.plan(opened.database, Trusted.of_ring(opened.key), to_ms(keep_from))
    except pruning.PruneRefused as error:
        raise fail(str(error), code=1) from error
    if cuts and not dry_run:
        signer, now = Signer(opened.key), to_ms(root.utc_now())
        pruning.prune(opened.database, signer, cuts, now)
        checkpoints.make(opened.database, signer, configured.deployment, now)  # which knows the anchors
    return _Done(sum(cut.end - cut.begin for cut in cuts), len({cut.chain for cut in cuts}), left)
