"""`shim admin`: who gets to the operations page, and who is there."""

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Final

import typer

from contracts.bsn import has_bsn
from outbox.actions import account
from shim import root
from shim.admin.sessions import Sessions
from shim.cli.administered import told_with_outcome
from shim.cli.deployment import console, fail, one_line_errors, print_json, settings
from shim.cli.entries import Json
from shim.cli.login import logged_in
from shim.local_time import local
from shim.root import open_deployment_state
from shim.settings import Http, Settings

app = typer.Typer(name="admin", help="The operations page: links to sign in with, and sessions.", no_args_is_help=True)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
_PAGE: Final = "/admin/sign-in?token="


@app.command("link")
def link(
    ctx: typer.Context,
    *,
    name: Annotated[
        str | None, typer.Option("--for", metavar="NAME", help="Who signs in with it, if that is not you.")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option(min=1, max=1440, help="How long it works, in place of admin.link_s.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Where browsers reach the service, such as https://shim.example.org.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a link that signs in to the operations page, once; whoever has it is taken for who it was made for."""
    maker = logged_in() or account()
    actor = maker if name is None else _known_as(name)
    with one_line_errors():
        configured = settings(ctx)
        if not configured.admin.enabled:
            raise fail("admin.enabled is false, so there is no page to sign in to")
        where = _address(configured.http) if address is None else _given(address)
        seconds = configured.admin.link_s if minutes is None else 60 * minutes
        with _sessions(configured) as sessions:
            token = sessions.invite(actor, maker, seconds)
    told_with_outcome(ctx, actor=actor, link_s=seconds)
    if as_json:
        print_json({"url": f"{where}{_PAGE}{token}", "actor": actor, "works_s": seconds})
        return
    typer.echo(f"{where}{_PAGE}{token}")
    until = local(root.utc_now() + timedelta(seconds=seconds))
    _say(f"It signs in {actor}, once, until {until}. Whoever opens it is taken for {actor}.")


@app.command("sessions")
def sessions(ctx: typer.Context, *, as_json: Json = False) -> None:
    """Show who is signed in, since when and until when."""
    with one_line_errors(), _sessions(settings(ctx)) as opened:
        rows = opened.rows()
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    for row in rows:
        by = "" if row.made_by == row.actor else f"  by a link of {row.made_by}"
        _say(f"{row.id}  {row.actor}  since {local(row.since)}  until {local(row.expires_at)}{by}")
    _say(f"{len(rows)} signed in.")


@app.command("sign-out")
def sign_out(
    ctx: typer.Context,
    who: Annotated[str | None, typer.Argument(metavar="[WHO]", help="Whom, or one session by its id.")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody.")] = False,
    as_json: Json = False,
) -> None:
    """End sessions, from their next request on, and links that wait to be used. Exit code 1 if there was none."""
    if (who is None) is not everybody:
        raise fail("say who is signed out, or --all")
    with one_line_errors(), _sessions(settings(ctx)) as opened:
        ended, void = opened.end_all(who)
    told_with_outcome(ctx, ended=ended, links=void)
    if as_json:
        print_json({"ended": ended, "links": void})
    else:
        _say(f"{ended} signed out; {void} links that waited are void.")
    if not ended and not void:
        raise typer.Exit(1)


@contextmanager
def _sessions(configured: Settings) -> Iterator[Sessions]:
    with open_deployment_state(configured) as state:
        yield Sessions(state.database, state.audit, configured.admin)


def _known_as(name: str) -> str:
    if not _NAME.fullmatch(name) or has_bsn(name):
        raise fail("--for is a short name of letters, digits, dots and dashes; it is kept in the audit")
    return name


def _given(address: str) -> str:
    address = address.rstrip("/")
    if not _ADDRESS.fullmatch(address):
        raise fail("--address is where browsers reach the service, such as https://shim.example.org")
    return address


def _address(http: Http) -> str:
    """Return where the service is reached, by the configuration."""
    if not http.port:
        raise fail("http.port is 0, so nobody can tell where the service listens; say --address")
    scheme = "http" if http.tls_certificate is None else "https"
    host = http.host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is not None and address.is_unspecified:
        host = socket.gethostname()  # it listens everywhere, which is no address to go to
    elif address is not None and address.version == 6:  # noqa: PLR2004 - of the protocol
        host = f"[{host}]"
    return f"{scheme}://{host}:{http.port}"


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
