"""The recordings of the repository: `python -m tests.integration.planon.recordings` makes them anew.

They are made on a simulator whose tenants and reports are invented, and pseudonymised as those of a site would be; the
same code gives the same files.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from adapters.planon import adapter
from adapters.planon.desk import PlanonDesk
from contracts.catalogue import CATALOGUE, DeskKind
from contracts.delivery import Delivered
from contracts.desks import Call
from contracts.facility import CreateIncidentRequest
from contracts.fields import Model
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.recording.calls import sending_of
from shim.recording.capture import Called, Recorder, record, save
from shim.recording.disguise import load_phrases
from shim.recording.recorded import Recording
from shim.recording.replay import ports
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.planon_site import REPORTED_AT, TENANT, options_for

FOLDER: Final = Path(__file__).parents[3] / "fixtures" / "snapshots" / "planon" / "recordings"
KEY: Final = PseudonymKey(b"the key of invented recordings, which is no secret")
NOW: Final = datetime.fromisoformat("2026-11-19T22:20:00+01:00")
NUMBER: Final = "INC-000001"
PERSONAL: Final = ("Wittebol-Verstegen", "06-12345678", "Lindengracht 912", "kraan in keuken lekt")
"""What the report says of somebody; none of it may be in a file."""
REPORT: Final[Mapping[str, Any]] = {
    "tenant": TENANT,
    "severity": "high",
    "summary": "Kraan in keuken lekt",
    "message": f"{PERSONAL[3]}, bel mevrouw {PERSONAL[0]} op {PERSONAL[1]}, {PERSONAL[2]}",
    "reported_at": REPORTED_AT,
}
_PATIENT: Final = {"replica_deadline_s": 60}
_SHOW: Final = {"tenant": TENANT, "incident": NUMBER}


@dataclass(frozen=True)
class Case:
    """One recording: which call, and what happens to it."""

    contract: str
    request: Mapping[str, Any]
    scenario: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


CASES: Final[Mapping[str, Case]] = {
    "get-incident": Case("get_incident", _SHOW),
    "get-incident-unknown": Case("get_incident", {"tenant": TENANT, "incident": "INC-000999"}),
    "get-incident-login-refused": Case("get_incident", _SHOW, options={"password": "not-this-one"}),
    "get-incident-session-renewed": Case("get_incident", _SHOW, {"expired": {"times": 1}, "on": ["find"]}),
    "get-incident-gateway": Case("get_incident", _SHOW, {"html_502": {"times": 1}, "on": ["read"]}),
    "create-incident": Case("create_incident", REPORT),
    "create-incident-without-clock": Case("create_incident", REPORT, {"sla_skipped": {"times": 1}}),
    "log-note": Case(
        "log_note",
        {"tenant": TENANT, "incident": NUMBER, "text": REPORT["message"], "reported_at": REPORTED_AT},
    ),
}


def recorded(name: str) -> Recording:
    """Make one recording on a simulator of its own that knows one incident."""
    with TemporaryDirectory() as folder, standing(Path(folder)) as simulator:
        return recorded_on(simulator, CASES[name])


@contextmanager
def standing(folder: Path) -> Iterator[PlanonSimulator]:
    """A simulator that knows one incident."""
    with PlanonSimulator(folder / "replica.sqlite") as simulator:
        desk = adapter.build(options_for(simulator, **_PATIENT), ports(NOW, Recorder()))
        assert isinstance(desk, PlanonDesk)
        document = desk.create_incident(CreateIncidentRequest.model_validate(REPORT), Call("LS-FIRST"))
        assert isinstance(desk.destination.send(sending_of(document, "LS-FIRST")), Delivered)
        desk.close()
        yield simulator


def recorded_on(simulator: PlanonSimulator, case: Case) -> Recording:
    """Record one call."""
    assert adapter.personal is not None
    return record(called(simulator, case), KEY, load_policy(adapter.personal), load_phrases(adapter.personal))


def called(simulator: PlanonSimulator, case: Case) -> Called:
    """What is recorded of a case, on a simulator in its state."""
    simulator.apply({"calm": True} | dict(case.scenario))
    row = next(row for row in CATALOGUE if row.desk is DeskKind.FACILITY and row.name == case.contract)
    request: Model = row.request.model_validate(case.request)
    reference = "LS-RECORDED" if "reported_at" in case.request else ""
    options = options_for(simulator, **_PATIENT, **case.options)
    return Called("planon", adapter, options, row, request, reference, NOW + timedelta(hours=1))


def main() -> None:
    """Write every recording."""
    FOLDER.mkdir(exist_ok=True)
    for name in CASES:
        file = FOLDER / f"{name}.json"
        file.unlink(missing_ok=True)
        save(recorded(name), file)
        sys.stdout.write(f"{file.name}\n")


if __name__ == "__main__":
    main()
