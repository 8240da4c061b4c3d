"""`shim clients`: who may call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from shim.admission.clients import Client, ClientExists, ClientLimits, ClientRow, ClientUnknown, prefix_of
from shim.cli.administered import told_with_outcome
from shim.cli.allowed import (
    Attempts,
    MaybeScopes,
    Narrowing,
    Network,
    Only,
    PeoplePerHour,
    PerMinute,
    Scopes,
    Strict,
    expand,
)
from shim.cli.deployment import console, fail, one_line_errors, print_json, settings
from shim.local_time import ago, local
from shim.root import State, open_deployment_state
from shim.settings import Settings

app = typer.Typer(name="clients", help="API keys and what they may do.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The client's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print for a program.")]


@contextmanager
def _opened(configured: Settings) -> Iterator[State]:
    """Open the state; what cannot be done with a client is one line."""
    with open_deployment_state(configured) as state:
        try:
            yield state
        except (ValueError, ClientExists, ClientUnknown) as error:
            raise fail(str(error)) from error


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The client's name; never reuse one, it is part of external references.")],
    scope: Scopes,
    *,
    only: Only = None,
    network: Network = None,
    per_minute: PerMinute = None,
    attempts: Attempts = None,
    people_per_hour: PeoplePerHour = None,
    strict: Strict = None,
    as_json: Json = False,
) -> None:
    """Create a client and print its key, which cannot be shown again."""
    with one_line_errors():
        configured = settings(ctx)
        scopes = expand(scope, configured)
        narrowing = Narrowing(only, network, per_minute, attempts, people_per_hour, strict)
        limits = narrowing.applied_to(ClientLimits(), configured)
        with _opened(configured) as state:
            key = state.clients.add(name, scopes, limits)
    allowed = _allowed(Client(name, scopes, limits))
    told_with_outcome(ctx, key=prefix_of(key), after=allowed)
    if as_json:
        print_json({"name": name, "key": key, **allowed})
    else:
        typer.echo(key)


@app.command("list")
def list_clients(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show all clients, what they may do, and when each key was last used; never their keys."""
    with one_line_errors(), open_deployment_state(settings(ctx)) as state:
        rows = state.clients.rows()
    if as_json:
        print_json([public(row) for row in rows])
        return
    for row in rows:
        _say(
            f"{row.name}  since {local(row.created_at)}{f'  REVOKED {local(row.revoked_at)}' if row.revoked_at else ''}"
        )
        _say(f"    scopes  {' '.join(row.scopes)}")
        if row.limits != ClientLimits():
            _say(f"    limits  {told(row.limits)}")
        for key in row.keys if row.revoked_at is None else ():
            used = f"last used {local(key.last_used_at)}" if key.last_used_at else "never used"
            ends = f", ends {local(key.expires_at)}" if key.expires_at else ""
            _say(f"    key     ls_{key.prefix}_…  {used}{ends}")


@app.command("set")
def change(
    ctx: typer.Context,
    name: Name,
    *,
    scope: MaybeScopes = None,
    only: Only = None,
    network: Network = None,
    per_minute: PerMinute = None,
    attempts: Attempts = None,
    people_per_hour: PeoplePerHour = None,
    strict: Strict = None,
    as_json: Json = False,
) -> None:
    """Change what a client may do, from its next request on: what is given replaces what was, the rest stays."""
    narrowing = Narrowing(only, network, per_minute, attempts, people_per_hour, strict)
    if scope is None and narrowing == Narrowing(None, None, None, None, None, None):
        raise fail("nothing to change; see: shim clients set --help")
    with one_line_errors():
        configured = settings(ctx)
        scopes = None if scope is None else expand(scope, configured)

        def changed(client: Client) -> Client:
            limits = narrowing.applied_to(client.limits, configured)
            return replace(client, limits=limits, scopes=client.scopes if scopes is None else scopes)

        with _opened(configured) as state:
            before, after = state.clients.change(name, changed)
    told_with_outcome(ctx, before=_allowed(before), after=_allowed(after))
    if as_json:
        print_json({"name": name, "before": _allowed(before), "after": _allowed(after)})
        return
    for word, client in (("before", before), ("after ", after)):
        _say(f"{word}  {' '.join(sorted(client.scopes))}  {told(client.limits)}".rstrip())


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    name: Name,
    *,
    overlap: Annotated[str, typer.Option(help="How long the old keys are still good, such as 24h, 30m or 0s.")] = "24h",
    as_json: Json = False,
) -> None:
    """Print a new key for a client; the ones that it has end after the overlap, so put it in place before."""
    try:
        still = ago(overlap)
    except (ValueError, OverflowError) as error:
        raise fail(f"--overlap: {error}") from error
    with one_line_errors(), _opened(settings(ctx)) as state:
        key = state.clients.rotate(name, still)
    told_with_outcome(ctx, key=prefix_of(key), overlap_s=round(still.total_seconds()))
    if as_json:
        print_json({"name": name, "key": key, "overlap_s": round(still.total_seconds())})
    else:
        typer.echo(key)


@app.command("revoke")
def revoke(
    ctx: typer.Context,
    name: Name,
    *,
    key: Annotated[str | None, typer.Option(help="Only this one of its keys, as `list` shows it.")] = None,
    as_json: Json = False,
) -> None:
    """Let a client in no more, from its next request on. Its name stays taken: it is part of external references."""
    prefix = None if key is None else key.removeprefix("ls_").partition("_")[0]
    with one_line_errors(), _opened(settings(ctx)) as state:
        state.clients.revoke(name, prefix)
    told_with_outcome(ctx, key=prefix)
    if as_json:
        print_json({"name": name, "revoked": True, "key": None if prefix is None else f"ls_{prefix}_…"})
    else:
        _say(f"{name if prefix is None else f'ls_{prefix}_… of {name}'} is revoked.")


def public(row: ClientRow) -> dict[str, Any]:
    """What is shown of a client for a program."""
    keys = [{**asdict(key), "prefix": f"ls_{key.prefix}_…"} for key in row.keys]
    return {**asdict(row), "limits": row.limits.as_json(), "keys": keys}


def told(limits: ClientLimits) -> str:
    """Say in words what narrows a client."""
    parts = [f"only {', '.join(sorted(parts))} of {system}" for system, parts in sorted(limits.within.items())]
    if limits.networks:
        parts.append(f"from {', '.join(map(str, limits.networks))}")
    numbers = {
        "requests a minute": limits.requests_per_minute,
        "attempts per person": limits.attempts,
        "people an hour": limits.people_per_hour,
    }
    parts += [f"{number} {unit}" for unit, number in numbers.items() if number]
    return "; ".join([*parts, *(["strict"] if limits.strict else [])])


def _allowed(client: Client) -> dict[str, Any]:
    return {"scopes": sorted(client.scopes), "limits": client.limits.as_json()}


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
