"""How a command of snapshots names a database, who connects, and which policy holds."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from contracts.desks import AnyAdapter
from contracts.snapshots import Account, SnapshotRefused
from shim.cli.deployment import settings
from shim.settings import ConfigurationError
from shim.systems import adapter_and_options, find_adapter

PASSWORD_ENV: Final = "SHIM_SNAPSHOT_PASSWORD"  # noqa: S105 - the variable's name

User = Annotated[str, typer.Option("--user", help="Who connects; not needed for a file of this machine.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help=f"File with the password; or {PASSWORD_ENV} has it.")
]
Named = Annotated[str | None, typer.Option("--system", help="A configured system, whose adapter's policy holds.")]


def account(user: str, password_file: Path | None) -> Account:
    """Return who connects.

    Raises:
        SnapshotRefused: the password file cannot be read.
    """
    if password_file is None:
        return Account(user, os.environ.get(PASSWORD_ENV, ""))
    try:
        return Account(user, password_file.read_text(encoding="utf-8").rstrip("\r\n"))
    except OSError as error:
        raise SnapshotRefused(f"the password file {password_file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SnapshotRefused(f"the password file {password_file} is no text in UTF-8") from error


def place_of(ctx: typer.Context, place: str) -> str:
    """Return a place as a technology knows it; that of a configured system, where its name is given.

    Raises:
        SnapshotRefused: the system has no database that can be copied, or several.
    """
    if any(sign in place for sign in "/:\\."):
        return place
    try:
        section = settings(ctx).systems.get(place)
    except ConfigurationError as error:
        raise SnapshotRefused(f"{place} may be a configured system, and {error}") from error
    if section is None:
        return place  # of_place says what can be named
    adapter, options = adapter_and_options(place, section)
    databases = () if adapter.databases is None else adapter.databases(options)
    if len(databases) != 1:
        told = f"several databases; name one: {', '.join(databases)}" if databases else "no database of its own"
        raise SnapshotRefused(f"the system {place} has {told}")
    return databases[0]


def policy_of(ctx: typer.Context, policy: str | None, system: str | None) -> Path:
    """Return the file of the policy that was named, by itself, by an adapter, or by a system of the configuration.

    Raises:
        SnapshotRefused: none was, or the adapter has none.
    """
    if policy is not None and (Path(policy).exists() or any(sign in policy for sign in "/\\.")):
        return Path(policy)
    if policy is not None:
        return _personal(policy, find_adapter(policy))
    if system is None:
        raise SnapshotRefused("name the policy: --policy FILE, --policy ADAPTER such as intramed, or --system NAME")
    section = settings(ctx).systems.get(system)
    if section is None:
        raise SnapshotRefused(f"no system {system!r} is configured")
    return _personal(section.adapter, find_adapter(section.adapter))


def _personal(name: str, adapter: AnyAdapter) -> Path:
    if adapter.personal is None:
        raise SnapshotRefused(f"the adapter {name} brings no policy; name a file with --policy")
    return adapter.personal
