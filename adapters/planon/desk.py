"""The desk of one Planon installation: three contracts, each a few steps over the modules beside it."""

from typing import Final
from zoneinfo import ZoneInfo

from pydantic import SecretStr

import schemas
from adapters.planon.compose import incident_elements, note_elements, placeholder, wanted_asset
from adapters.planon.destination import INCIDENT, NOTE, AppSuiteEndpoint, PlanonDestination
from adapters.planon.documents import Documents
from adapters.planon.elements import provenance
from adapters.planon.mapping import load_mapping
from adapters.planon.options import PlanonOptions
from adapters.planon.outcomes import AppSuiteReplies
from adapters.planon.records import Records
from adapters.planon.reference import References
from adapters.planon.replica import Replica
from adapters.planon.session import Session
from adapters.planon.tenants import Tenants
from adapters.soap import Http, SoapClient
from adapters.soap.description import DescriptionUnusable
from contracts.delivery import Document
from contracts.desks import AdapterMisconfigured, Call, Ports
from contracts.facility import CreateIncidentRequest, FacilityNoteRequest, FindTenantReply, FindTenantRequest

_OPERATIONS: Final = {
    "PlanonSession": ("login", "logout"),
    "Incident": ("find", "read"),
    "CommunicationLog": ("create", "find", "read"),
}


class PlanonDesk:
    """A facility desk on Planon: find_tenant, create_incident, log_note. May be used by several threads at once."""

    def __init__(self, options: PlanonOptions, ports: Ports) -> None:
        """Load mapping, schemas, descriptions and statements; open no connection.

        Raises:
            AdapterMisconfigured: one of them cannot be used.
        """
        self._zone = ZoneInfo(options.zone)
        self._mapping = load_mapping(options.mapping)
        self._documents = Documents(self._mapping)
        self._replica = Replica(options.replica_url.get_secret_value())
        self._references = References(self._replica, ports.reference_rows, ports.clock)
        self._tenants = Tenants(self._replica, self._references)
        http = Http(options.connect_timeout_s, options.timeout_s, str(options.ca_file) if options.ca_file else None)
        self._soap = _soap_client(options, http)
        self._session = Session(self._soap, options.user, options.password, self._mapping.session.expired)
        appsuite = _appsuite(options, http, options.password, self._documents.replies)
        self.destination = PlanonDestination(appsuite, Records(self._soap, self._session), options.settle_s)

    def find_tenant(self, request: FindTenantRequest, call: Call) -> FindTenantReply:
        """Find the one tenant for whom every given fact holds; reads the replica."""
        del call  # a read has no reference
        return self._tenants.find(request)

    def create_incident(self, request: CreateIncidentRequest, call: Call) -> Document:
        """Compose an incident from the request and the replica's rows, and validate it; calls no service.

        Raises:
            NotFound, RuleMissing, DryRunRefused, BackendUnavailable: nothing was composed.
        """
        rows = self._references.of_tenant(request.tenant)
        code = wanted_asset(request)
        asset = self._references.asset(code) if code else None
        elements = incident_elements(request, call.reference, rows, asset, self._mapping.incident, self._zone)
        return Document(
            kind=INCIDENT,
            body=self._documents.incident(elements),
            subject=request.tenant,
            reported_at=request.reported_at,
            provenance=provenance(elements),
        )

    def log_note(self, request: FacilityNoteRequest, call: Call) -> Document:
        """Compose a note for the communication log and validate it; calls no service.

        Whether the incident is this tenant's is checked against the backend when the note is sent.

        Raises:
            DryRunRefused: nothing was composed.
        """
        slot = None if request.incident else placeholder(call.reference, request.text)
        incident = request.incident or slot or ""
        elements = note_elements(request, call.reference, incident, self._mapping.note, self._zone)
        return Document(
            kind=NOTE,
            body=self._documents.note(elements),
            subject=request.tenant,
            reported_at=request.reported_at,
            about=request.incident,
            about_kind=INCIDENT,
            follows=request.delivery,
            follows_kind=INCIDENT,
            slot=slot.encode() if slot else None,
            provenance=provenance(elements),
        )

    def check(self) -> None:
        """Verify that the descriptions have every operation, and that the schemas know the mapping's names."""
        for service, operations in _OPERATIONS.items():
            for operation in operations:
                if not self._soap.describes(service, operation):
                    raise AdapterMisconfigured(f"the WSDL describes no operation {service}.{operation}")
        self._documents.check()

    def check_backend(self) -> list[str]:
        """Return nothing: the replica's statements and the services are not compared with a running backend."""
        return []

    def close(self) -> None:
        """Log out and release the replica."""
        self._session.close()
        self._replica.close()


def _soap_client(options: PlanonOptions, http: Http) -> SoapClient:
    wsdl = schemas.path("wsdl/planon.wsdl")
    addresses = {service: options.service_address(service) for service in _OPERATIONS}
    try:
        return SoapClient(wsdl, wsdl.parent.parent, addresses, http)
    except DescriptionUnusable as error:
        raise AdapterMisconfigured(str(error)) from error


def _appsuite(options: PlanonOptions, http: Http, password: SecretStr, replies: AppSuiteReplies) -> AppSuiteEndpoint:
    return AppSuiteEndpoint(http, options.appsuite_url, (options.user, password.get_secret_value()), replies)
