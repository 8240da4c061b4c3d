"""A site whose fields are short: every character of a long message arrives, in order, exactly once."""

import json
import re
import shutil
from collections.abc import Iterator

import pytest

import schemas
from shim.demo import planon_section, write_configuration
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site, add_client, minutes_ago, until

LONG = " ".join(f"zin {number}: het water staat in de gang;" for number in range(90))[:3000]
HEADING = re.compile(r"^\(vervolg \d+/\d+\)\n")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose description and note hold 800 characters each, as its own schemas say."""
    folder = tmp_path_factory.mktemp("narrow")
    xsd = folder / "xsd"
    shutil.copytree(schemas.path("xsd/appsuite/incident.xsd").parents[1], xsd)
    for path in xsd.rglob("*.xsd"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('maxLength value="6000"', 'maxLength value="800"'), encoding="utf-8")
    with running_planon(folder) as (control, address):
        section = planon_section(address, **FAST_PLANON, xsd=str(xsd))
        configuration = write_configuration(folder, {"planon": section}, outbox=FAST_OUTBOX)
        key = add_client(configuration, "agent", "planon:*")
        with start_shim(configuration) as service:
            yield Site(folder, address_of(service), {"agent": key}, control)


def parts_in_planon(site: Site, number: str) -> list[str]:
    return [HEADING.sub("", row["text"]) for row in site.control.notes() if row["incident_number"] == number]


def deliveries_of(site: Site, delivery: str) -> list[str]:
    told = json.loads(site.command("explain", delivery, "--json").stdout)
    return [part["state"] for part in told["follow_ons"]]


def all_delivered(site: Site, delivery: str) -> int:
    states = until(lambda: deliveries_of(site, delivery), lambda found: set(found) == {"delivered"})
    return len(states)


@pytest.mark.parametrize("scenario", [{}, {"lose_reply": 3}, {"down": True}])
def test_a_long_report_continues_in_notes(narrow: Site, scenario: dict[str, object]) -> None:
    """Through lost replies and an outage, too; the reply is about the incident."""
    body = narrow.report(narrow.tenant(), message=LONG)
    narrow.control.apply(**scenario)
    made = narrow.post("/v1/planon/create_incident", body, Prefer="wait=0").json()
    narrow.control.apply(down=False)
    delivered = narrow.delivered(made["delivery"])
    assert delivered["contract"] == "create_incident"
    assert all_delivered(narrow, made["delivery"]) == 3
    (record,) = [row for row in narrow.control.incidents() if row["incident_number"] == delivered["incident"]]
    whole = "".join([record["description"], *parts_in_planon(narrow, delivered["incident"])])
    assert whole == f"{body['summary']}\n\nVerbatim:\n{LONG}"


@pytest.mark.parametrize("named_by", ["incident", "delivery"])
def test_a_long_note_continues_in_notes(narrow: Site, named_by: str) -> None:
    """Whether it names the incident by number or by delivery; a later note comes behind all of it."""
    tenant = narrow.tenant()
    incident = narrow.post("/v1/planon/create_incident", narrow.report(tenant)).json()
    name = {named_by: incident[named_by]}
    texts = [LONG, "en nog iets"]
    narrow.control.apply(down=True)
    made = [
        narrow.post(
            "/v1/planon/log_note",
            {"tenant": tenant, **name, "text": text, "reported_at": minutes_ago(5)},
            Prefer="wait=0",
        ).json()
        for text in texts
    ]
    narrow.control.apply(down=False)
    narrow.delivered(made[-1]["delivery"])
    assert all_delivered(narrow, made[0]["delivery"]) == 3
    assert "".join(parts_in_planon(narrow, incident["incident"])) == "".join(texts)
