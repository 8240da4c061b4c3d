"""Every command is in the audit: a row before it happens, and a row that tells how it ended.

A command whose first row cannot be written does not happen, except looks that show nothing of a person. For the sake
of these rows alone no state begins, and no key is made.
"""

import copy
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import JsonValue
from typer.core import TyperGroup

from contracts.catalogue import CATALOGUE
from contracts.errors import StateUnavailable
from contracts.fields import Model
from outbox.actions import account
from outbox.database import ConstraintViolated, DurabilityError, NewerSchemaError
from outbox.entry import Entry
from outbox.stored import PayloadDamaged
from shim.audit.events import Event, new_access
from shim.audit.rows import LONGEST
from shim.audit.subjects import named_subject
from shim.cli.deployment import fail, settings
from shim.cli.login import logged_in
from shim.guard import mask
from shim.marks import person_in, person_kind
from shim.root import State, open_deployment_state
from shim.settings import ConfigurationError, Settings

LOOKS: Final = frozenset(
    {
        *("outbox status", "outbox groups", "outbox list", "clients list", "keys list", "systems list", "audit verify"),
        *("outbox verify", "outbox backup", "outbox export"),
        *("doctor", "admin sessions"),
    }
)
"""They show nothing of a person, for what the last two write is sealed; and they are what is needed when the state
cannot be written: on a full disk a copy elsewhere comes before everything else."""
PLACING: Final = frozenset({"outbox restore", "outbox migrate-store"})
"""They put a state in place, and the one that was there may be damaged or gone."""
ALONE: Final = frozenset(f"snapshot {name}" for name in ("take", "restore", "pseudonymise", "verify", "diff", "key"))
"""They need no configuration: on a machine without one, and without a state, there is no audit to be in."""
VALUES: Final = frozenset(
    {
        *("system", "destination", "state", "entry_id", "delivery", "group", "older_than", "limit", "rate", "wait"),
        *("name", "scope", "client", "contract", "outcome", "on_behalf_of", "since", "until", "keep", "key_id"),
        *("reason", "shorter_because", "role", "port"),
        *("who", "minutes", "address"),
        *("place", "file", "out", "original", "result", "first", "second", "policy", "user"),
    }
)
"""Options whose values are told, masked. Of others, such as the key that is searched for, only that they were given."""
_PASSWORD: Final = re.compile(r"(://[^/:@]*):.*(?=@)")
"""In a URL that somebody wrote with one."""
_EXAMINING: Final = "doctor"
"""It changes nothing but this audit, and that only where opening the state changes nothing."""
_INITIAL: Final = "init"
"""It writes a configuration where there is none, or in place of one that may be damaged; only then is there a state."""
CRASHED: Final = 1
_META: Final = "shim.administered"
_UNUSABLE: Final = (ConfigurationError, DurabilityError, NewerSchemaError, StateUnavailable, ConstraintViolated)


@dataclass(slots=True)
class Administered:
    """One command as the audit tells it."""

    event: Event
    detail: dict[str, JsonValue] = field(default_factory=dict)
    """What a command adds to be told with its outcome."""
    has_begun: bool = True
    """Whether an outcome is told; of a look that could not be told before it happened there is none."""
    where: Settings | None = None
    """The configuration as it was, of a command that replaces it: both rows stand in the same audit."""


class AdministeredGroup(TyperGroup):
    """A group of commands each of which is in the audit."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that is named, to be told when it is invoked."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is None or isinstance(command, TyperGroup):
            return name, command, rest
        told, invoke = copy.copy(command), command.invoke

        def administer(ctx: typer.Context) -> Any:
            with administered(ctx):
                return invoke(ctx)

        told.invoke = administer  # type: ignore[method-assign, assignment]  # of this copy alone
        return name, told, rest


def told_with_outcome(ctx: typer.Context, **detail: JsonValue) -> None:
    """Tell something about what a command has done, with its outcome; numbers and ids, no contents."""
    running = ctx.meta.get(_META)
    if isinstance(running, Administered):
        running.detail |= detail


def told_person(ctx: typer.Context, opened: State, system: str, request: Model) -> None:
    """Tell with the outcome about which person, by the backend's key, a request of a contract is."""
    running, person = ctx.meta.get(_META), person_in(request)
    if isinstance(running, Administered) and person is not None:
        subject, subject_key = opened.subjects(system, *person)
        running.event = replace(running.event, subject=subject, subject_key=subject_key)


def told_about(ctx: typer.Context, opened: State, entry: Entry) -> None:
    """Tell with the outcome which entry was shown, and about whom it is; nobody, if that cannot be read any more."""
    running = ctx.meta.get(_META)
    if not isinstance(running, Administered):
        return
    running.detail["delivery"] = entry.id
    running.event = replace(running.event, system=entry.destination, contract=entry.contract)
    kind = next((person_kind(row.request) for row in CATALOGUE if row.name == entry.contract), None)
    if kind is not None:
        with suppress(PayloadDamaged):
            subject, subject_key = opened.subjects(entry.destination, kind, opened.outbox.subject(entry))
            running.event = replace(running.event, subject=subject, subject_key=subject_key)


@contextmanager
def administered(ctx: typer.Context) -> Iterator[None]:
    """Write an intent before the block and an outcome after it, with its exit code."""
    command = command_of(ctx)
    if ctx.params.get("demo"):
        yield  # a toy, with a state that is thrown away
        return
    running = ctx.meta[_META] = Administered(_event(ctx, command))
    _begin(ctx, command, running)
    code = CRASHED
    try:
        yield
        code = 0
    except typer.Exit as error:
        code = error.exit_code
        raise
    finally:
        _end(ctx, command, running, code)


def command_of(ctx: typer.Context) -> str:
    """Return the command without the program's name, such as `outbox retry`."""
    names: list[str] = []
    at: Any = ctx
    while at.parent is not None:
        names.insert(0, str(at.info_name))
        at = at.parent
    return " ".join(names)


def _event(ctx: typer.Context, command: str) -> Event:
    given = sorted(name for name in ctx.params if _is_given(ctx, name))
    values = {name: _told(ctx.params[name]) for name in given if name in VALUES}
    system = ctx.params.get("system") or ctx.params.get("destination")
    reason = ctx.params.get("reason") or ctx.params.get("shorter_because")
    login = logged_in()
    known = {} if login is None else {"login": _told(login)}
    return Event(
        action=f"shim {command}",
        phase="intent",
        access=new_access(),
        actor=account(),
        system=None if system is None else mask(str(system)).text,
        purpose=None if reason is None else mask(str(reason)).text,
        detail={"options": list(given), **known, **values},
    )


def _is_given(ctx: Any, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name in {"COMMANDLINE", "ENVIRONMENT", "PROMPT"}


def _told(value: Any) -> JsonValue:
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return value if isinstance(value, bool | int) else mask(_PASSWORD.sub(r"\1", str(value))).text[:LONGEST]


def _begin(ctx: typer.Context, command: str, running: Administered) -> None:
    opening = True
    if (command in ALONE and _is_unconfigured(ctx)) or (command == _INITIAL and not _is_there(ctx)):
        running.has_begun = False
        return
    try:
        configured = settings(ctx)
        if _is_absent(configured.state_file) and (
            command in PLACING | ALONE | {_INITIAL} or _is_elsewhere(ctx, command)
        ):
            running.has_begun = command in PLACING
            return  # to open it would make one
        if command == _EXAMINING and not _is_as_it_will_be(configured):
            running.has_begun = False
            return  # to open it would make one, or bring it up to date under a release that still runs
        with open_deployment_state(configured) as opened:
            opening = False
            running.where = configured if command == _INITIAL else None
            running.event = _about(ctx, opened, running.event)
            opened.audit.write_shared(running.event)
    except _UNUSABLE as error:
        if command not in LOOKS | PLACING | {_INITIAL}:
            raise fail(_why(error)) from error
        running.has_begun = command in PLACING
        if not opening:  # what cannot be opened the command itself tells
            _warn("this command is not in the audit", error)


def _is_unconfigured(ctx: typer.Context) -> bool:
    """Whether no configuration was named, and none lies where one would be."""
    path: Path = ctx.obj
    return not _is_given(ctx.find_root(), "config") and not path.exists()


def _is_there(ctx: typer.Context) -> bool:
    path: Path = ctx.obj
    return os.path.lexists(path)


def _is_absent(file: Path | None) -> bool:
    """Whether there is no SQLite state yet, or nothing in it; False where nobody can tell: opening it tells why."""
    try:
        return file is not None and not file.stat().st_size
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _is_as_it_will_be(configured: Settings) -> bool:
    from shim.doctor.state import is_current  # noqa: PLC0415 - the other commands open what they find

    return is_current(configured)


def _is_elsewhere(ctx: typer.Context, command: str) -> bool:
    """Whether another file than the state is looked at, perhaps on a machine that has none."""
    return command == "audit verify" and ctx.params.get("state") is not None


def _about(ctx: typer.Context, opened: State, event: Event) -> Event:
    """Name the person that is looked for, as the audit names persons."""
    try:
        system, kind, key = named_subject(str(ctx.params.get("subject") or ""))
    except ValueError:  # none is given, or the command will say so
        return event
    subject, subject_key = opened.subjects(system, kind, key)
    return replace(event, system=event.system or mask(system).text, subject=subject, subject_key=subject_key)


def _end(ctx: typer.Context, command: str, running: Administered, code: int) -> None:
    if not running.has_begun:
        return
    outcome = "ok" if code == 0 else f"exit {code}"
    detail = {**running.event.detail, **running.detail}
    event = replace(running.event, phase="outcome", outcome=outcome, status=code, detail=detail)
    try:
        where = running.where or _where(ctx, command, code)
        if code and command in PLACING and _is_absent(where.state_file):
            return  # nothing was put in place, and it failed: nothing is begun to tell that
        with open_deployment_state(where) as opened:
            opened.audit.write_shared(event)
    except _UNUSABLE as error:
        if code == 0 or command not in PLACING:
            _warn("how this command ended is not in the audit", error)


def _where(ctx: typer.Context, command: str, code: int) -> Settings:
    """Return the configuration of the state as it is now: a move has put the old one away."""
    configured = settings(ctx)
    if command == "outbox migrate-store" and code == 0:
        return configured.model_copy(update={"state": ctx.params["to"]})
    return configured


def _warn(line: str, error: Exception) -> None:
    typer.echo(f"shim: {line}: {_why(error)}", err=True)


def _why(error: Exception) -> str:
    return error.detail if isinstance(error, StateUnavailable) else str(error)
