"""The command `shim` as an administrator types it: exit codes, one-line errors, and output for people and programs."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shim.demo import planon_section, write_configuration
from simulators.launch import PlanonAddress, address_of, running_planon, start_shim
from simulators.process import Program
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, command

NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A configuration whose Planon does not exist."""
    return write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def test_without_a_configuration_nothing_is_served(tmp_path: Path) -> None:
    """A mistyped path exits with 2 and says what to do; it never answers from a toy."""
    for arguments in (("serve",), ("outbox", "status"), ("outbox", "drain"), ("clients", "list")):
        assert "--config" in one_line(command(tmp_path / "shmi.toml", *arguments))


def test_a_configuration_with_a_mistake_names_the_key(quiet: Path) -> None:
    """Also inside the adapter's own options."""
    text = quiet.read_text(encoding="utf-8")
    quiet.write_text(text.replace("soap_url", "soap_ulr"), encoding="utf-8")
    assert "systems.planon: soap_url: Field required" in one_line(command(quiet, "serve"))
    quiet.write_text(text.replace('adapter = "planon"', 'adapter = "plan-on"'), encoding="utf-8")
    assert "no adapter 'plan-on' is installed; there are: intramed, planon" in one_line(command(quiet, "serve"))
    quiet.write_text(text + "[htttp]\nport = 1\n", encoding="utf-8")
    assert "htttp" in one_line(command(quiet, "serve"))


def test_a_port_in_use_is_one_line(quiet: Path) -> None:
    """It names the address and what to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = one_line(command(quiet, "serve", "--port", port))
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line


def test_a_port_that_cannot_be_is_refused(quiet: Path) -> None:
    """Not taken modulo 65536."""
    refused = command(quiet, "serve", "--port", "70000")
    assert (refused.returncode, refused.stdout) == (2, "")


def test_a_damaged_state_is_one_line(quiet: Path) -> None:
    """Also when the file is no database at all."""
    assert command(quiet, "outbox", "status").returncode == 0
    (quiet.parent / "shim.db").write_bytes(b"no database " * 1000)
    for leftover in quiet.parent.glob("shim.db-*"):
        leftover.unlink()
    assert "not a database" in one_line(command(quiet, "outbox", "status"))


def test_a_mistyped_system_is_no_all_clear(quiet: Path) -> None:
    """Nothing waits, told about a system that does not exist would be believed."""
    for name in ("list", "drain"):
        assert "no system 'plano'" in one_line(command(quiet, "outbox", name, "--system", "plano"))


def test_a_readable_key_file_and_a_lost_one_stop_the_start(quiet: Path) -> None:
    """The key guards what is stored; it is neither replaced nor tolerated in the open."""
    assert command(quiet, "outbox", "status").returncode == 0
    key = quiet.parent / "master.key"
    key.chmod(0o644)
    assert f"chmod 600 {key}" in one_line(command(quiet, "outbox", "status"))
    key.unlink()
    assert "cannot be read" in one_line(command(quiet, "outbox", "status"))


def test_a_missing_state_folder_is_one_line(quiet: Path) -> None:
    """Nothing is created in a place that was mistyped."""
    text = quiet.read_text(encoding="utf-8").replace("shim.db", "missing/shim.db")
    quiet.write_text(text, encoding="utf-8")
    assert "create it" in one_line(command(quiet, "outbox", "status"))


def test_clients_are_listed_without_their_keys(quiet: Path) -> None:
    """A key is printed once, when it is made; names are unique; scopes are checked."""
    key = add_client(quiet, "agent", "planon:*")
    listed = command(quiet, "clients", "list")
    assert key not in listed.stdout
    assert key[:11] in listed.stdout
    (row,) = json.loads(command(quiet, "clients", "list", "--json").stdout)
    assert row["scopes"] == ["planon:read", "planon:write"]
    assert "there is or was a client" in one_line(command(quiet, "clients", "add", "agent", "-s", "planon:*"))
    assert "no scope 'close_incident'" in one_line(command(quiet, "clients", "add", "b", "-s", "planon:close_incident"))
    assert "no system 'plano'" in one_line(command(quiet, "clients", "add", "b", "-s", "plano:*"))
    assert "must match" in one_line(command(quiet, "clients", "add", "B C", "-s", "planon:*"))


def test_the_outbox_is_told_to_people_and_to_programs(site: Site) -> None:
    """status, list and explain; no word of the tenant's message anywhere."""
    tenant = site.tenant()
    site.post("/v1/planon/create_incident", site.report(tenant))
    site.control.apply(down=True)
    made = site.post("/v1/planon/create_incident", site.report(tenant), Prefer="wait=0").json()["delivery"]
    status = json.loads(site.command("outbox", "status", "--json").stdout)["systems"]
    assert {"planon"} <= {row["system"] for row in status}
    listed = json.loads(site.command("outbox", "list", "--json").stdout)
    (row,) = [row for row in listed if row["id"] == made]
    assert (row["state"] in {"ready", "in_flight"}, row["contract"]) == (True, "create_incident")
    assert "kraan" not in json.dumps(listed)
    people = site.command("outbox", "list")
    assert made[:11] in people.stdout
    site.control.apply(down=False)
    site.delivered(made)
    shown = json.loads(site.command("explain", made, "--json").stdout)
    assert shown["payload"]["intact"] is True
    assert [a["action"] for a in shown["attempts"]].count("send") == shown["sends"] >= 1
    sources = {source["element"]: source for source in shown["sources"]}
    assert "SLA" in sources["BO_SLA"]["value"]
    assert "priority_matrix" in sources["BO_PRIORITY"]["origin"]
    assert "kraan" not in json.dumps(shown) + site.command("explain", made).stdout
    assert json.loads(site.command("explain", made[:11], "--json").stdout) == shown
    assert json.loads(site.command("explain", shown["backend_id"], "--json").stdout) == shown


def test_nothing_is_served_without_a_system(quiet: Path) -> None:
    """What is stored can be looked at none the less."""
    text = quiet.read_text(encoding="utf-8")
    quiet.write_text(text.split("[systems", maxsplit=1)[0], encoding="utf-8")
    assert "[systems.NAME]" in one_line(command(quiet, "serve"))
    assert command(quiet, "outbox", "status").returncode == 0


def test_a_drain_delivers_what_waits(tmp_path: Path) -> None:
    """While nobody serves a worker, the administrator's drain delivers; exit code 1 while Planon is still down."""
    with running_planon(tmp_path) as (planon, address):
        configuration = write_configuration(
            tmp_path, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        key = add_client(configuration, "agent", "planon:*")
        with start_shim(configuration, "--no-worker") as service:
            site = Site(tmp_path, address_of(service), {"agent": key}, planon)
            tenant = site.tenant()
            for number in range(5):
                answer = site.post(
                    "/v1/planon/create_incident", site.report(tenant, summary=f"{number}"), Prefer="wait=0"
                )
                assert answer.status_code == 202
            planon.apply(down=True)
            refused = command(configuration, "outbox", "drain", "--wait", "5", "--json")
            assert refused.returncode == 1, refused.stderr
            assert json.loads(refused.stdout) == {
                "delivered": 0,
                "left": 5,
                "unreachable": ["planon"],
                "paused": [],
                "somebody_must_act": 0,
                "attention": 0,
            }
            planon.apply(down=False)
            drained = command(configuration, "outbox", "drain")
            assert drained.returncode == 0, drained.stderr
            assert "5 delivered, 0 left, 0 need somebody to act." in drained.stdout
        assert sorted(row["description"][0] for row in planon.incidents()) == list("01234")


def test_a_worker_of_its_own_delivers(tmp_path: Path) -> None:
    """`shim outbox work` beside `shim serve --no-worker`, stopped by SIGTERM with exit code 0."""
    with running_planon(tmp_path) as (planon, address):
        configuration = write_configuration(
            tmp_path, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        key = add_client(configuration, "agent", "planon:*")
        with (
            start_shim(configuration, "--no-worker") as service,
            Program(["-m", "shim", "--config", str(configuration), "outbox", "work"], tmp_path / "work.log") as worker,
        ):
            site = Site(tmp_path, address_of(service), {"agent": key}, planon)
            answer = site.post("/v1/planon/create_incident", site.report(site.tenant()))
            assert answer.status_code == 201, answer.text
            assert worker.stop() == 0
            assert service.stop() == 0


def test_the_demo_serves_stand_ins_and_says_so(tmp_path: Path) -> None:
    """Every reply of `shim serve --demo` names the mode; the curl line and the numbers that it prints work."""
    program = subprocess.Popen(
        [sys.executable, "-m", "shim", "serve", "--demo", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    with program:
        assert program.stdout is not None
        text = ""
        for line in program.stdout:
            text += line
            if line.startswith("Stop with"):
                break
        curl = text[text.index("curl") : text.index("Look at")].replace("\\\n", " ").strip()
        answer = subprocess.run(["bash", "-c", f"{curl} -i"], capture_output=True, text=True, check=False)
        told = text[text.index("find_tenant  ") :].split("\n")[0]
        people = {
            match: subprocess.run(
                ["bash", "-c", curl.replace("06-12345678", number)], capture_output=True, text=True, check=False
            ).stdout
            for number, match in re.findall(r"([\d-]+) (certain|confirm|none)\b", told)
        }
        program.terminate()
    assert "shim-mode: demo" in answer.stdout.lower(), answer
    assert '"match":"certain"' in answer.stdout
    assert people.keys() == {"certain", "confirm", "none"}, told
    assert all(f'"match":"{match}"' in found for match, found in people.items()), people
    assert program.returncode == 0
    assert list(tmp_path.iterdir()) == []
