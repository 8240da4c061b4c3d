"""`shim clients` as an administrator types it; the state is a real one, the process is the test's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.errors import Unauthenticated
from shim.admission.clients import Clients
from shim.cli.commands import app
from shim.demo import planon_section, write_configuration
from shim.root import open_deployment_state
from shim.settings import load
from tests.integration.shim.site import command
from tests.integration.shim.test_command_line import NOWHERE

Shim = Callable[..., Any]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    return write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})


@pytest.fixture
def shim(configuration: Path) -> Shim:
    return lambda *typed: CliRunner().invoke(app, ["--config", str(configuration), "clients", *typed])


def said(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Any) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return str(line)


def names_let_in(configuration: Path, *keys: str) -> list[str | None]:
    """Return for each key whose it is."""

    def name(clients: Clients, key: str) -> str | None:
        try:
            return clients.authenticate(key).client.name
        except Unauthenticated:
            return None

    with open_deployment_state(load(configuration)) as state:
        return [name(state.clients, key) for key in keys]


def test_a_pilot_client(shim: Shim) -> None:
    """Everything that narrows a client is given with it, told back, and listed without the key."""
    options = (
        *("-s", "planon:*", "-s", "shim:metrics", "--only", "planon=M1", "--only", "planon=M2"),
        *("--network", "10.1.0.0/16", "--network", "fd00::/8", "--per-minute", "30", "--attempts", "3"),
        *("--people-per-hour", "12", "--strict"),
    )
    made = said(shim("add", "pilot", *options, "--json"))
    assert made["scopes"] == ["planon:read", "planon:write", "shim:metrics"]
    limits = {
        "within": {"planon": ["M1", "M2"]},
        "networks": ["10.1.0.0/16", "fd00::/8"],
        "requests_per_minute": 30,
        "attempts": 3,
        "people_per_hour": 12,
        "strict": True,
    }
    assert made["limits"] == limits
    (row,) = said(shim("list", "--json"))
    assert (row["name"], row["scopes"], row["limits"]) == ("pilot", made["scopes"], limits)
    assert row["keys"][0]["prefix"] == f"{made['key'][:11]}_…"
    shown = shim("list").stdout
    for told in (
        *("pilot", "planon:read planon:write shim:metrics", "only M1, M2 of planon", "from 10.1.0.0/16, fd00::/8"),
        *("30 requests a minute", "3 attempts per person", "12 people an hour", "strict", "never used"),
    ):
        assert told in shown
    assert made["key"] not in shown


def test_a_change_shows_before_and_after(shim: Shim) -> None:
    """What is given replaces what was, the rest stays, and everything can be taken back."""
    shim("add", "pilot", "-s", "planon:find_tenant", "--only", "planon=M1", "--per-minute", "30")
    told = said(shim("set", "pilot", "-s", "planon:read", "--network", "10.1.0.0/16", "--strict", "--json"))
    assert told["before"] == {
        "scopes": ["planon:find_tenant"],
        "limits": {"within": {"planon": ["M1"]}, "requests_per_minute": 30},
    }
    assert told["after"] == {
        "scopes": ["planon:read"],
        "limits": {**told["before"]["limits"], "networks": ["10.1.0.0/16"], "strict": True},
    }
    freed = ("--only", "planon=*", "--network", "any", "--per-minute", "0", "--no-strict")
    assert said(shim("set", "pilot", *freed, "--json"))["after"] == {"scopes": ["planon:read"], "limits": {}}
    lines = shim("set", "pilot", "--attempts", "2").stdout.splitlines()
    assert lines == ["before  planon:read", "after   planon:read  2 attempts per person"]


def test_a_rotation_with_and_without_overlap(shim: Shim, configuration: Path) -> None:
    """A new key is printed once; the old one is good for the overlap, or not a moment longer."""
    first = shim("add", "agent", "-s", "planon:read").stdout.strip()
    second = shim("rotate", "agent").stdout.strip()
    assert names_let_in(configuration, first, second) == ["agent", "agent"]
    assert "ends 20" in shim("list").stdout
    third = said(shim("rotate", "agent", "--overlap", "0s", "--json"))
    assert (third["name"], third["overlap_s"]) == ("agent", 0)
    assert names_let_in(configuration, first, second, third["key"]) == [None, None, "agent"]


def test_a_revocation_of_one_key_and_of_all(shim: Shim, configuration: Path) -> None:
    """A key is named as it is listed; the client's name stays taken."""
    first = shim("add", "agent", "-s", "planon:read").stdout.strip()
    second = shim("rotate", "agent").stdout.strip()
    assert said(shim("revoke", "agent", "--key", f"{first[:11]}_…", "--json"))["key"] == f"{first[:11]}_…"
    assert names_let_in(configuration, first, second) == [None, "agent"]
    assert "is revoked" in shim("revoke", "agent").stdout
    assert names_let_in(configuration, first, second) == [None, None]
    assert "REVOKED" in shim("list").stdout
    assert "never used" in refused(shim("add", "agent", "-s", "planon:read"))


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("add", "b", "-s", "planon:close_incident"), "no scope 'close_incident' for planon; there are: read, write, "),
    (("add", "b", "-s", "planon"), "no scope '' for planon"),
    (("add", "b", "-s", "plano:*"), "no system 'plano' is configured; there are: planon"),
    (("add", "b", "-s", "shim:*"), "no scope 'shim:*'; there are: shim:metrics, shim:admin"),
    (("add", "B C", "-s", "planon:*"), "must match"),
    (("add", "b", "-s", "planon:*", "--network", "10.1.0.1/16"), "no network: 10.1.0.1/16 has host bits set"),
    (("add", "b", "-s", "planon:*", "--network", "here"), "no network"),
    (("add", "b", "-s", "planon:*", "--only", "M1"), "no system 'M1'"),
    (("add", "b", "-s", "planon:*", "--only", "planon"), "write --only SYSTEM=PART"),
    (("add", "b", "-s", "planon:*", "--only", "planon=*", "--only", "planon=M1"), "contradict each other"),
    (("set", "agent"), "nothing to change"),
    (("set", "nobody", "--strict"), "there is no client 'nobody'"),
    (("rotate", "nobody"), "there is no client 'nobody'"),
    (("rotate", "agent", "--overlap", "soon"), "--overlap: 'soon' is no age"),
    (("rotate", "agent", "--overlap", "9999999999999d"), "--overlap"),
    (("revoke", "agent", "--key", "00000000"), "agent has no key '00000000' that is still good"),
]


def test_what_cannot_be_is_one_line(shim: Shim) -> None:
    """Exit code 2, nothing on standard output, and nothing is changed."""
    shim("add", "agent", "-s", "planon:read")
    before = said(shim("list", "--json"))
    for typed, told in REFUSED:
        assert told in refused(shim(*typed)), typed
    assert said(shim("list", "--json")) == before


def test_the_audit_tells_what_changed(shim: Shim, configuration: Path) -> None:
    """Scopes and limits before and after, and a key by its prefix; never the key."""
    first = shim("add", "agent", "-s", "planon:read").stdout.strip()
    shim("set", "agent", "-s", "planon:write", "--per-minute", "5")
    second = shim("rotate", "agent", "--overlap", "60s").stdout.strip()
    shim("revoke", "agent", "--key", first[:11])
    with open_deployment_state(load(configuration)) as state:
        rows = [dict(row) for row in state.database.read("SELECT * FROM audit_event ORDER BY at")]
    written = str(rows)
    details = [json.loads(row["detail"]) for row in rows if row["phase"] == "outcome"]
    added, changed, rotated, revoked = details
    assert (added["key"], added["after"]) == (first[3:11], {"scopes": ["planon:read"], "limits": {}})
    assert changed["before"] == added["after"]
    assert changed["after"] == {"scopes": ["planon:write"], "limits": {"requests_per_minute": 5}}
    assert (rotated["key"], rotated["overlap_s"]) == (second[3:11], 60)
    assert revoked["key"] == first[3:11]
    assert not any(key[12:] in written for key in (first, second))


def test_a_system_is_not_called_shim(configuration: Path) -> None:
    """The service's own scopes begin with that; the whole process says so."""
    text = configuration.read_text(encoding="utf-8").replace("[systems.planon]", "[systems.shim]")
    configuration.write_text(text, encoding="utf-8")
    result = command(configuration, "clients", "list")
    assert (result.returncode, result.stdout) == (2, "")
    assert "a system cannot be called 'shim'" in result.stderr
