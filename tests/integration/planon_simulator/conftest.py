"""A running stand-in, and the three ways to it: AppSuite, SOAP by zeep, the control port."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
from lxml import etree

import schemas
from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator

NAMESPACE = "urn:appsuite:incident:1"
# In the schema's order. The tenant is a housing association's; "high" is priority 2, code 2, eight hours.
FIELDS = {
    "BO_EXTERNAL_REF": "DEMO-ABCDEFGHIJ234567",
    "BO_TENANT_ID": "TNT-10001",
    "BO_MANDANT": "WBV",
    "BO_CONTRACT": "CTR-WBV-01",
    "BO_SLA": "SLA-WBV-STD",
    "BO_PROPERTY": "PRP-01",
    "BO_LOCATION": "LOC-20001",
    "BO_ORDER_TYPE": "CORRECTIVE",
    "BO_CATEGORY": "DWELLING_REPAIR",
    "BO_SEVERITY": "high",
    "BO_PRIORITY": "2",
    "BO_STATUS": "REPORTED",
    "BO_CHANNEL": "WHATSAPP",
    "BO_REPORT_DATE": "2026-11-19T22:14:03+01:00",
    "BO_DESCRIPTION": "Kraan in keuken lekt\n\nVerbatim: kraan lekt 😱 <&>",
    "BO_COST_CENTRE": "KP-4100",
}

Post = Callable[..., requests.Response]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[PlanonSimulator]:
    """A stand-in in this process, with a short lag."""
    with PlanonSimulator(tmp_path / "replica.db", lag_s=0.1) as running:
        yield running


@pytest.fixture
def control(simulator: PlanonSimulator) -> SimulatorControl:
    """The client of its control port."""
    return SimulatorControl(simulator.control_url)


@pytest.fixture
def connection() -> Iterator[requests.Session]:
    """An HTTP client with keep-alive."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def post(simulator: PlanonSimulator, connection: requests.Session) -> Post:
    """Post an incident: with a running SLA clock unless changed; a field set to None is left out."""

    def send(timeout_s: float = 5, auth: tuple[str, str] | None = None, **changes: str | None) -> requests.Response:
        root = etree.Element(f"{{{NAMESPACE}}}Incident", nsmap={"bo": NAMESPACE})
        for name, value in (FIELDS | changes).items():
            if value is not None:
                etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
        return connection.post(
            f"{simulator.url}/appsuite/incident",
            data=etree.tostring(root, encoding="UTF-8"),
            auth=auth or (simulator.account.user, simulator.account.password),
            headers={"Content-Type": "text/xml"},
            timeout=timeout_s,
        )

    return send


class Soap:
    """zeep on the vendored WSDL, with this stand-in's addresses."""

    def __init__(self, url: str) -> None:
        untyped: Any = zeep
        self._transport = untyped.Transport(operation_timeout=5)
        client = untyped.Client(str(schemas.path("wsdl/planon.wsdl")), transport=self._transport)
        for name in ("PlanonSession", "Incident", "CommunicationLog"):
            binding = f"{{urn:planon:webservices:1}}{name}Binding"
            setattr(self, name, client.create_service(binding, f"{url}/soap/{name}"))

    PlanonSession: Any
    Incident: Any
    CommunicationLog: Any

    def filter(self, **wanted: str) -> dict[str, list[dict[str, str]]]:
        """Return a filter of equal values."""
        return {
            "fieldFilters": [
                {"fieldName": name, "filterValue": value, "operator": "EQUALS"} for name, value in wanted.items()
            ]
        }

    def close(self) -> None:
        self._transport.session.close()


@pytest.fixture
def soap(simulator: PlanonSimulator) -> Iterator[Soap]:
    """The three SOAP services."""
    services = Soap(simulator.url)
    yield services
    services.close()


@pytest.fixture
def session(simulator: PlanonSimulator, soap: Soap) -> str:
    """A SOAP session id."""
    return str(soap.PlanonSession.login(simulator.account.user, simulator.account.password))
