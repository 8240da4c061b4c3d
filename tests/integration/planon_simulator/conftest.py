"""A running stand-in, and the three ways to it: AppSuite, SOAP by zeep, the control port."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep

import schemas
from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon_simulator.raw import Caller, incident_document

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

    def send(timeout_s: float = 30, auth: tuple[str, str] | None = None, **changes: str | None) -> requests.Response:
        return connection.post(
            f"{simulator.url}/appsuite/incident",
            data=incident_document(**changes),
            auth=auth or (simulator.account.user, simulator.account.password),
            headers={"Content-Type": "text/xml"},
            timeout=timeout_s,
        )

    return send


class Soap:
    """zeep on the vendored WSDL, with this stand-in's addresses."""

    def __init__(self, url: str) -> None:
        untyped: Any = zeep
        self._transport = untyped.Transport(operation_timeout=30)
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


@pytest.fixture
def caller(simulator: PlanonSimulator) -> Caller:
    """A raw client that is logged in; INC-000001 with syscode 1001 is there."""
    client = Caller(simulator)
    client.log_in()
    assert client.call("incident").status_code == 200
    return client
