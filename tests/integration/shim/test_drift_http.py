"""Descriptions that change under a running service: writes are refused, reads go on; what waits goes after a yes."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import schemas
from adapters.planon.mapping import PACKAGED
from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, until

CREATE = "/v1/planon/create_incident"
FIND = "/v1/planon/find_tenant"
WHO = {"telephone": "06-12345678"}


@pytest.fixture
def drifting(tmp_path: Path) -> Iterator[Site]:
    """A site whose WSDL and mapping lie in a folder of its own."""
    shutil.copytree(schemas.path("wsdl/planon.wsdl").parent.parent, tmp_path / "described")
    with running_planon(tmp_path) as (control, address):
        flat(tmp_path)
        shutil.copy(PACKAGED, tmp_path / "described" / "site.toml")
        own = {"wsdl": str(wsdl(tmp_path)), "mapping": str(tmp_path / "described" / "site.toml")}
        section = planon_section(address, **FAST_PLANON, **own)
        configuration = write_configuration(tmp_path, {"planon": section}, outbox=FAST_OUTBOX)
        keys = {"agent": add_client(configuration, "agent", "planon:*")}
        with start_shim(configuration) as service:
            yield Site(tmp_path, address_of(service), keys, control)


def wsdl(folder: Path) -> Path:
    return folder / "described" / "planon.wsdl"


def flat(folder: Path) -> None:
    """A site's WSDL has what it imports in its own folder, or below it."""
    text = (folder / "described" / "wsdl" / "planon.wsdl").read_text(encoding="utf-8")
    wsdl(folder).write_text(text.replace("../xsd/", "xsd/"), encoding="utf-8")


def change(folder: Path) -> None:
    with wsdl(folder).open("a", encoding="utf-8") as file:
        file.write("<!-- generated anew -->\n")


def read_only(site: Site) -> list[str]:
    systems: dict[str, dict[str, bool]] = site.get("/readyz", client=None).json()["systems"]
    return [name for name, told in systems.items() if told["read_only"]]


def status(site: Site) -> dict[str, object]:
    told = json.loads(site.command("outbox", "status", "--json").stdout)["systems"]
    found: dict[str, object] = told[0]
    return found


def test_a_changed_description_stops_writes_until_somebody_accepts_it(drifting: Site) -> None:
    """503 of a type of its own, nothing stored or sent; a known key is answered; after a yes all goes on by itself."""
    site = drifting
    body = site.report(site.tenant())
    site.control.apply(down=True)
    waiting = site.post(CREATE, body, idempotency_key="before", Prefer="wait=0").json()["delivery"]
    change(site.folder)
    until(lambda: read_only(site), bool)
    site.control.apply(down=False)

    refused = site.post(CREATE, body, idempotency_key="after")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:problem-type:legacy-shim:system-read-only")
    assert int(refused.headers["retry-after"]) >= 1
    assert "wsdl planon.wsdl has changed" in refused.json()["detail"]
    known = site.post(CREATE, body, idempotency_key="before", Prefer="wait=2")
    assert (known.status_code, known.json()["delivery"]) == (202, waiting)
    assert site.post(FIND, WHO).status_code == 200
    assert site.control.incidents() == []
    told = status(site)
    assert told["ready"] == 1
    assert told["read_only"] is not None
    drained = site.command("outbox", "drain", "--system", "planon")
    assert drained.returncode == 1
    assert "planon is read-only" in drained.stderr
    anew = site.command("outbox", "supersede", waiting, "--reason", "nobody has looked yet")
    assert (anew.returncode, "planon is read-only" in anew.stdout + anew.stderr) == (1, True)
    listed = site.command("systems", "list")
    assert listed.returncode == 1
    assert "planon (planon): read-only since" in listed.stdout

    accepted = site.command("systems", "accept", "planon", "--reason", "the vendor generated it anew", "--json")
    assert accepted.returncode == 0, accepted.stderr
    assert list(json.loads(accepted.stdout)["accepted"]) == ["wsdl planon.wsdl"]
    until(lambda: read_only(site), lambda held: not held)
    site.delivered(waiting)
    assert site.post(CREATE, body, idempotency_key="after").status_code == 201
    assert len(site.control.incidents()) == 2
    rows = site.command("audit", "search", "--system", "planon", "--json")
    assert "the vendor generated it anew" in rows.stdout
    assert json.loads(accepted.stdout)["accepted"]["wsdl planon.wsdl"] in rows.stdout
    assert site.command("systems", "list").returncode == 0


def test_drift_survives_a_restart_and_ends_when_the_file_is_back(drifting: Site) -> None:
    """A second process refuses from its first request on; the old bytes need nobody's yes."""
    site = drifting
    before = wsdl(site.folder).read_bytes()
    change(site.folder)
    with start_shim(site.folder / "shim.toml") as service:
        again = replace(site, address=address_of(service))
        body = again.report(again.tenant())
        assert read_only(again) == ["planon"]
        assert again.post(CREATE, body).status_code == 503
        wsdl(site.folder).write_bytes(before)
        until(lambda: read_only(again), lambda held: not held)
        assert again.post(CREATE, body).status_code == 201


def test_what_was_accepted_is_what_is_used(drifting: Site) -> None:
    """Of a mapping that changed while the service ran: nobody can accept a broken one, and the new one composes."""
    site = drifting
    mapping = site.folder / "described" / "site.toml"
    before = mapping.read_text(encoding="utf-8")
    mapping.write_text("no TOML", encoding="utf-8")
    until(lambda: read_only(site), bool)
    refused = site.command("systems", "accept", "planon", "--reason", "nobody should be able to")
    assert (refused.returncode, read_only(site)) == (1, ["planon"])
    changed = before.replace('whatsapp = "WHATSAPP"', 'whatsapp = "EMAIL"')
    assert changed != before
    mapping.write_text(changed, encoding="utf-8")
    assert site.command("systems", "accept", "planon", "--reason", "now it can be used").returncode == 0
    until(lambda: read_only(site), lambda held: not held)
    assert site.post(CREATE, site.report(site.tenant(), channel="whatsapp")).status_code == 201
    (incident,) = site.control.incidents()
    assert "EMAIL" in incident["fields"].values()
