"""What stops the start, what is shown instead of stopping it, and what the listener tells to whom."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization

from shim.demo import planon_section, write_configuration
from shim.http.listener import server_of, tls
from shim.settings import Http
from simulators.launch import PlanonAddress, running_planon, start_shim
from tests.integration.shim.site import FAST_PLANON, command, until
from tests.integration.soap.tls import certificate

NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))
PLAIN = PlanonAddress("http://planon.example", Path("missing.db"))
WHY = "both stand in one locked rack, on a cable of their own"
ALERTS = {"alert_url": "http://alerts.example/hook", "alert_secret": "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="}
NOBODY = 65534


def refused(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert (result.returncode, result.stdout) == (2, ""), result
    return result.stderr.splitlines()


def test_what_is_open_stops_the_service(tmp_path: Path) -> None:
    """A line for each, with exit code 2; and what delivers, apart from the service's own address."""
    configuration = write_configuration(
        tmp_path, {"planon": planon_section(PLAIN)}, outbox=ALERTS, http={"host": "192.0.2.1"}
    )
    lines = refused(command(configuration, "serve"))
    sections = ["http", "outbox", "systems.planon", "systems.planon"]
    assert [line.removeprefix("shim: ").partition(":")[0] for line in lines] == sections
    assert all("accepted_risk of [" in line for line in lines)
    assert len(refused(command(configuration, "outbox", "drain"))) == 3


def test_the_command_line_opens_no_door(tmp_path: Path) -> None:
    """An address that --host names is as open as one from the file."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    (line,) = refused(command(configuration, "serve", "--host", "192.0.2.1"))
    assert line.startswith("shim: http: host 192.0.2.1 is served without TLS")


def test_a_reason_lets_it_start_and_stays_in_sight(tmp_path: Path) -> None:
    """In the log of the start, and in what an administrator looks at, for people and for programs."""
    with running_planon(tmp_path) as (_, address):
        section = planon_section(address, **FAST_PLANON, accepted_risk=WHY)
        configuration = write_configuration(tmp_path, {"planon": section}, outbox={**ALERTS, "accepted_risk": WHY})
        with start_shim(configuration) as service:
            log = until(lambda: (tmp_path / "shim.log").read_text(encoding="utf-8"), lambda text: "Accepted" in text)
            assert service.stop() == 0
        assert (
            f"outbox: alert_url is plain HTTP to alerts.example, so alerts can be read; use https://. Accepted: {WHY}"
            in log
        )
        told = json.loads(command(configuration, "outbox", "status", "--json").stdout)["accepted_risks"]
        assert [(risk["section"], len(risk["open"]), risk["reason"]) for risk in told] == [
            ("outbox", 1, WHY),
            ("systems.planon", 0, WHY),
        ]
        shown = command(configuration, "outbox", "status")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "outbox is open: alert_url is plain HTTP to alerts.example" in shown.stdout
        assert f"accepted: {WHY}" in shown.stdout
        assert (
            f"systems.planon: nothing is open any more, so accepted_risk of [systems.planon] can go: {WHY}"
            in shown.stdout
        )


def test_what_waits_is_shown_whatever_is_wrong_with_a_system(tmp_path: Path) -> None:
    """Looking at the state needs no usable section; what would stop the service is told with it."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)}, outbox=ALERTS)
    text = configuration.read_text(encoding="utf-8").replace("soap_url", "soap_ulr")
    configuration.write_text(text, encoding="utf-8")
    shown = command(configuration, "outbox", "status")
    assert shown.returncode == 0, shown.stderr
    assert "the service does not start with it, unless accepted_risk of [outbox] says why" in shown.stdout
    assert "systems.planon: soap_url: Field required" in shown.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_account_is_told_whose_it_is(tmp_path: Path) -> None:
    """Root, too: exit code 2 and the line to type, whether it looks, puts a state in place, or serves."""
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    assert command(configuration, "outbox", "status").returncode == 0
    for name, arguments in (
        ("shim.db", ("outbox", "status")),
        ("shim.db", ("outbox", "restore", str(configuration), "--reason", "x")),
        ("master.key", ("serve",)),
    ):
        os.chown(tmp_path / name, NOBODY, -1)
        lines = refused(command(configuration, *arguments))
        assert "belongs to nobody, and this is root; run it as its owner: sudo -u nobody shim" in lines[0]
        os.chown(tmp_path / name, 0, -1)


def test_status_loads_no_web_framework_and_no_adapters_libraries(tmp_path: Path) -> None:
    """Somebody waits for it at night, and nearly all of its time was spent on loading these."""
    configuration = write_configuration(
        tmp_path,
        {"planon": planon_section(NOWHERE), "practice": {"adapter": "intramed", "database": "nowhere.fdb"}},
    )
    script = (
        "import sys; from typer.testing import CliRunner; from shim.cli.commands import app\n"
        f"done = CliRunner().invoke(app, ['--config', {str(configuration)!r}, 'outbox', 'status'])\n"
        "assert done.exit_code == 0, done.output\n"
        "heavy = {'fastapi', 'starlette', 'uvicorn', 'requests', 'zeep', 'lxml', 'sqlalchemy', 'firebird.driver',\n"
        "         'opentelemetry'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stdout + ran.stderr


def test_https_is_served_with_the_configured_certificate(tmp_path: Path) -> None:
    """Whoever trusts it is answered, and plain HTTP is not; nothing tells what the server is.

    A client that keeps its connection for later does not hold up a stop.
    """
    pem = certificate(tmp_path)
    with running_planon(tmp_path) as (_, address):
        configuration = write_configuration(
            tmp_path,
            {"planon": planon_section(address, **FAST_PLANON)},
            http={"tls_certificate": str(pem), "tls_key": str(pem)},
        )
        with start_shim(configuration) as service, requests.Session() as client:
            url = next(word for word in service.first_line.split() if word.startswith("https://"))
            answer = client.get(f"{url}/healthz", timeout=30, verify=str(pem))
            assert answer.json() == {"status": "ok"}
            assert "server" not in answer.headers
            with pytest.raises(requests.ConnectionError):
                requests.get(f"{url}/healthz".replace("https", "http"), timeout=30)
            assert service.stop() == 0


def test_a_certificate_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """Missing, none, another's key, or one that would have to be asked for; in one line."""
    pem = certificate(tmp_path)
    (other := tmp_path / "other").mkdir()
    another = certificate(other)
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(pem.read_bytes(), None)
    sealed = serialization.BestAvailableEncryption(b"geheim")
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed))
    for wrong in (tmp_path / "missing.pem", Path(__file__), another, locked):
        with pytest.raises(Exception, match=r"http\.tls_certificate and http\.tls_key cannot be used"):
            tls(Http(tls_certificate=pem, tls_key=wrong))
    http = {"tls_certificate": str(tmp_path / "missing.pem"), "tls_key": str(pem)}
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)}, http=http)
    (line,) = refused(command(configuration, "serve"))
    assert "cannot be used: No such file or directory" in line


async def _who(scope: Any, _receive: Any, send: Any) -> None:
    """An application that answers with the address that it was told of its caller."""
    assert scope["type"] == "http"
    body = f"{scope['client'][0]} {scope['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def listening(http: Http) -> Iterator[str]:
    """Serve that application as the shim is served."""
    server = server_of(_who, http, None)
    server.config.lifespan = "off"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(60)


FORWARDED = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("trusted", "told"),
    [
        ([], "127.0.0.1 http"),
        (["192.0.2.0/24"], "127.0.0.1 http"),
        (["127.0.0.1"], "192.0.2.7 https"),
        (["127.0.0.0/8"], "192.0.2.7 https"),
    ],
    ids=["nobody", "somebody else", "the proxy", "the proxy's network"],
)
def test_who_calls_is_believed_to_a_named_proxy_only(
    trusted: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can send the header, and a client may be limited to networks; the environment changes nothing."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with listening(Http(trusted_proxies=trusted)) as url:
        answer = requests.get(url, headers=FORWARDED, timeout=30)
    assert answer.text == told
    assert "server" not in answer.headers
