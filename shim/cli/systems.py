"""`shim systems`: which systems there are, which of them are read-only, and accepting what has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from contracts.desks import AdapterMisconfigured
from outbox.actions import account
from shim import root
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import console, fail, one_line_errors, print_json, settings
from shim.cli.entries import ACT, Json, Reason, checked, known
from shim.drift.comparing import Descriptions, Difference, Seen, by_name, differences, files_of, told
from shim.local_time import age, time_of_day
from shim.root import open_deployment_state
from shim.settings import Settings
from shim.systems import adapter_and_options

app = typer.Typer(
    name="systems", help="The legacy systems, and the descriptions that they are spoken to by.", no_args_is_help=True
)

SystemName = Annotated[str, typer.Argument(metavar="SYSTEM", help="The system.")]


@dataclass(frozen=True, slots=True)
class Shown:
    """One system as it is told."""

    name: str
    adapter: str
    different: tuple[Difference, ...]
    since: datetime | None
    accepted_at: datetime | None
    unreadable: str = ""

    @property
    def read_only(self) -> bool:
        """Whether it may not be written to."""
        return bool(self.different or self.unreadable)


@app.command("list")
def list_systems(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show each system, whether it is read-only, since when, and what differs. Exit code 1 when one is."""
    with one_line_errors():
        configured = settings(ctx)
        with open_deployment_state(configured) as opened:
            descriptions = Descriptions(opened.database)
            seen = descriptions.seen()
            shown = [_shown(name, configured, descriptions, seen) for name in configured.systems]
    if as_json:
        print_json([_as_json(system) for system in shown])
    else:
        for system in shown:
            _show(system)
    if any(system.read_only for system in shown):
        raise typer.Exit(1)


@app.command("accept")
def accept(ctx: typer.Context, system: SystemName, *, reason: Reason, as_json: Json = False) -> None:
    """Accept the WSDL, schemas and mapping as they are now on this machine, and what the backend was seen to serve.

    Running services write to the system again within seconds, with what was accepted; nothing needs a restart.
    """
    checked(reason)
    with one_line_errors():
        configured = settings(ctx)
        known(system, configured)
        with open_deployment_state(configured) as opened:
            descriptions = Descriptions(opened.database)
            try:
                found = {**_files(system, configured), **descriptions.served(system)}
            except AdapterMisconfigured as error:
                raise fail(f"systems.{system}: {error}", code=1) from error
            if not found:
                raise fail(f"the adapter of {system} tells of no descriptions", code=1)
            changed = descriptions.accept(system, found, account(), reason)
    told_with_outcome(ctx, accepted=by_name(changed))
    if as_json:
        print_json({"system": system, "accepted": by_name(changed)})
    elif changed:
        console.print(f"{system}: accepted: {', '.join(map(str, changed))}", soft_wrap=True, markup=False)
    else:
        console.print(f"{system}: nothing differs from what was accepted.")


def _files(system: str, configured: Settings) -> Mapping[str, str]:
    return files_of(*adapter_and_options(system, configured.systems[system]))


def _shown(name: str, configured: Settings, descriptions: Descriptions, seen: Sequence[Seen]) -> Shown:
    accepted = descriptions.accepted(name)
    prints = {row.name: row.fingerprint for row in accepted.values()}
    adapter, unreadable, found = configured.systems[name].adapter, "", prints
    try:
        found = {**_files(name, configured), **descriptions.served(name)}
    except AdapterMisconfigured as error:
        unreadable = str(error)
    different = differences(prints, found) if accepted else ()
    since = min((each.since for each in seen if each.system == name), default=None)
    at = max((row.at for row in accepted.values()), default=None)
    return Shown(name, adapter, different, since if different or unreadable else None, at, unreadable)


def _as_json(system: Shown) -> dict[str, Any]:
    return {
        "system": system.name,
        "adapter": system.adapter,
        "read_only": system.read_only,
        "since": system.since,
        "accepted_at": system.accepted_at,
        "different": [{"name": each.name, "accepted": each.accepted, "found": each.found} for each in system.different],
        "unreadable": system.unreadable or None,
    }


def _show(system: Shown) -> None:
    now = root.utc_now()
    if not system.read_only:
        accepted = "" if system.accepted_at is None else f"; descriptions as accepted {time_of_day(system.accepted_at)}"
        console.print(f"{system.name} ({system.adapter}): reads and writes{accepted}", soft_wrap=True, markup=False)
        return
    since = "" if system.since is None else f" since {time_of_day(system.since)} ({age(now, system.since)})"
    why = system.unreadable or told(system.different)
    line = f"{system.name} ({system.adapter}): read-only{since}: {why}"
    console.print(Text(line, ACT), soft_wrap=True)
    console.print(f"  when you know what has changed: shim systems accept {system.name} --reason …", soft_wrap=True)
