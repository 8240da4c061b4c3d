"""`shim admin` as an administrator types it; the state is a real one, the process is the test's."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from outbox.actions import account
from shim.admin.sessions import LinkUnusable, Sessions
from shim.cli.commands import app
from shim.cli.login import logged_in
from shim.demo import planon_section, write_configuration
from shim.root import open_deployment_state
from shim.settings import load
from tests.integration.shim.test_command_line import NOWHERE

Shim = Callable[..., Any]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    return write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})


@pytest.fixture
def shim(configuration: Path) -> Shim:
    return lambda *typed: CliRunner().invoke(app, ["--config", str(configuration), *typed])


def said(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Any) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return str(line)


def token_in(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def redeemed(configuration: Path, *tokens: str) -> list[str | None]:
    """Use links up, as the service does; return whom each signed in, None for what does not work."""
    settings = load(configuration)
    found: list[str | None] = []
    with open_deployment_state(settings) as state:
        sessions = Sessions(state.database, state.audit, settings.admin)
        for token in tokens:
            try:
                found.append(sessions.redeem(token)[1].actor)
            except LinkUnusable:
                found.append(None)
    return found


def audited(configuration: Path) -> list[dict[str, Any]]:
    with open_deployment_state(load(configuration)) as state:
        return [dict(row) for row in state.database.read("SELECT * FROM audit_event WHERE action LIKE 'shim admin%'")]


def test_a_link_is_for_who_makes_it(shim: Shim, configuration: Path) -> None:
    """Or for whom it was made; it is printed once, and is in no row of the audit."""
    maker = logged_in() or account()
    line, told = shim("admin", "link").stdout.splitlines()
    assert line.startswith("http://127.0.0.1:8080/admin/sign-in?token=")
    assert told.startswith(f"It signs in {maker}, once, until 20")
    other = said(shim("admin", "link", "--for", "j.jansen", "--minutes", "5", "--json"))
    assert (other["actor"], other["works_s"]) == ("j.jansen", 300)
    tokens = [token_in(line), token_in(other["url"])]
    assert redeemed(configuration, *tokens, *tokens) == [maker, "j.jansen", None, None]
    rows = audited(configuration)
    assert [(row["action"], row["phase"], row["actor"]) for row in rows] == [
        ("shim admin link", phase, account()) for phase in ("intent", "outcome") * 2
    ]
    assert json.loads(rows[3]["detail"])["actor"] == "j.jansen"
    assert not [token for token in tokens if token in str(rows)]


@pytest.mark.parametrize(
    ("section", "options", "address"),
    [
        ({"host": "::1", "port": 9000}, (), "http://[::1]:9000"),
        ({"host": "shim.example.org"}, (), "http://shim.example.org:8080"),
        ({"port": 0}, ("--address", "https://shim.example.org/"), "https://shim.example.org"),
        ({"tls_certificate": "a.pem", "tls_key": "b.pem"}, (), "https://127.0.0.1:8080"),
    ],
)
def test_where_it_leads(tmp_path: Path, section: dict[str, Any], options: tuple[str, ...], address: str) -> None:
    """Where the configuration says that the service is, or where whoever makes the link says."""
    made = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)}, http=section)
    url = said(CliRunner().invoke(app, ["--config", str(made), "admin", "link", "--json", *options]))["url"]
    assert url.startswith(f"{address}/admin/sign-in?token=")


def test_everywhere_is_no_address(tmp_path: Path) -> None:
    """Nobody can go to 0.0.0.0: the machine's name is printed."""
    made = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)}, http={"host": "0.0.0.0"})  # noqa: S104
    url = said(CliRunner().invoke(app, ["--config", str(made), "admin", "link", "--json"]))["url"]
    assert urlsplit(url).hostname not in {None, "", "0.0.0.0"}  # noqa: S104


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--for", "jan@example.org"), "--for is a short name"),
        (("--for", "Jan Jansen"), "--for is a short name"),
        (("--for", "111222333"), "--for is a short name"),
        (("--address", "javascript:alert(1)"), "--address is where browsers"),
        (("--address", "https://shim.example.org/admin"), "--address is where browsers"),
    ],
)
def test_what_is_refused(shim: Shim, configuration: Path, options: tuple[str, ...], line: str) -> None:
    """A name that may be a person's number or address, and an address that is none; no link is made."""
    assert line in refused(shim("admin", "link", *options))
    with open_deployment_state(load(configuration)) as state:
        assert state.database.read("SELECT * FROM admin_link") == []


def test_without_a_page_there_is_no_link(tmp_path: Path) -> None:
    """It would lead nowhere; and without a port nobody knows where."""
    for section, line in (
        ({"admin": {"enabled": False}}, "admin.enabled is false"),
        ({"http": {"port": 0}}, "say --address"),
    ):
        made = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)}, **section)
        assert line in refused(CliRunner().invoke(app, ["--config", str(made), "admin", "link"]))


def test_who_is_signed_in_and_out(shim: Shim, configuration: Path) -> None:
    """Listed without what opens the session; ended by name, by id, or all of them with the links that wait."""
    for name in ("jan", "piet"):
        url = said(shim("admin", "link", "--for", name, "--json"))["url"]
        assert redeemed(configuration, token_in(url)) == [name]
    first, second = said(shim("admin", "sessions", "--json"))
    assert (first["actor"], second["actor"], first["made_by"]) == ("jan", "piet", logged_in() or account())
    lasted = datetime.fromisoformat(first["expires_at"]) - datetime.fromisoformat(first["since"])
    assert (sorted(first), lasted) == (["actor", "expires_at", "id", "made_by", "since"], timedelta(hours=1))
    assert f"{second['id']}  piet  since" in shim("admin", "sessions").stdout
    assert "say who" in refused(shim("admin", "sign-out"))
    assert "say who" in refused(shim("admin", "sign-out", "jan", "--all"))
    assert said(shim("admin", "sign-out", "jan", "--json")) == {"ended": 1, "links": 0}
    assert shim("admin", "sign-out", "jan").exit_code == 1
    waiting = token_in(said(shim("admin", "link", "--for", "kees", "--json"))["url"])
    assert said(shim("admin", "sign-out", second["id"], "--json")) == {"ended": 1, "links": 0}
    assert "0 signed out; 1 links that waited are void." in shim("admin", "sign-out", "--all").stdout
    assert redeemed(configuration, waiting) == [None]
    assert shim("admin", "sessions").stdout == "0 signed in.\n"


def test_a_restored_state_knows_nobody(shim: Shim, configuration: Path, tmp_path: Path) -> None:
    """A link from before the backup, used or not, and a session from then, open nothing after it."""
    used, unused = (token_in(said(shim("admin", "link", "--json"))["url"]) for _ in range(2))
    kept = str(tmp_path / "kept.db")
    assert shim("outbox", "backup", kept).exit_code == 0
    assert redeemed(configuration, used) != [None]
    assert shim("outbox", "restore", kept, "--reason", "the disk was replaced").exit_code == 0
    assert redeemed(configuration, used, unused) == [None, None]
    assert said(shim("admin", "sessions", "--json")) == []
    again = token_in(said(shim("admin", "link", "--json"))["url"])
    assert redeemed(configuration, again) != [None]
    assert shim("outbox", "restore", "--in-place", "--reason", "by the server's own means").exit_code == 0
    assert said(shim("admin", "sessions", "--json")) == []
