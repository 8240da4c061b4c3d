"""What somebody would write without the shim: requests posts the document, zeep reads the incident back."""

from typing import Any, Final

import requests
import zeep
from lxml import etree

import schemas
from simulators.planon.simulator import DEFAULT_ACCOUNT

_NUMBER: Final = "{urn:appsuite:reply:1}IncidentNumber"
_WSDL: Final = "{urn:planon:webservices:1}"
_TIMEOUT_S: Final = 30.0


class BareCode:
    """One thread's client: logged in once, connections kept alive, everything believed.

    Args:
        planon: address of the stand-in.
    """

    def __init__(self, planon: str) -> None:
        self._planon = planon
        self._account = (DEFAULT_ACCOUNT.user, DEFAULT_ACCOUNT.password)
        self._http = requests.Session()
        self._zeep: Any = zeep.Client(  # type: ignore[no-untyped-call]
            str(schemas.path("wsdl/planon.wsdl")),
            transport=zeep.Transport(session=self._http, operation_timeout=_TIMEOUT_S),  # type: ignore[no-untyped-call]
        )
        self._incidents = self._service("Incident")
        self._session: str = self._service("PlanonSession").login(*self._account)

    def create_incident(self, document: bytes) -> Any:
        """Post a document, find the incident by its number, read it; return the record, SLA clock included."""
        answer = self._http.post(f"{self._planon}/appsuite/incident", document, auth=self._account, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        number = etree.fromstring(answer.content).findtext(_NUMBER)
        wanted = {"fieldFilters": [{"fieldName": "INCIDENT_NUMBER", "filterValue": number, "operator": "EQUALS"}]}
        (syscode,) = self._incidents.find(self._session, wanted)
        return self._incidents.read(self._session, syscode)

    def note_message(self, note: dict[str, str]) -> Any:
        """Return the message with which zeep would add a note; nothing is sent."""
        service = self._zeep.bind("CommunicationLog")
        return self._zeep.create_message(service, "create", self._session, note)

    def _service(self, name: str) -> Any:
        return self._zeep.create_service(f"{_WSDL}{name}Binding", f"{self._planon}/soap/{name}")

    def close(self) -> None:
        """Log out."""
        self._service("PlanonSession").logout(self._session)
        self._http.close()
