"""The desk of one Planon installation: five contracts, each a few steps over the modules beside it."""

from zoneinfo import ZoneInfo

from adapters.planon.at_risk import list_at_risk
from adapters.planon.compose import compose_incident, mandant_of, wanted_asset
from adapters.planon.connecting import open_replica
from adapters.planon.documents import Documents
from adapters.planon.fingerprints import fingerprints
from adapters.planon.forms import load_forms
from adapters.planon.mapping import load_mapping
from adapters.planon.notes import compose_note, needs_telephones
from adapters.planon.options import PlanonOptions
from adapters.planon.references import References
from adapters.planon.services import Services, described_in
from adapters.planon.tenants import Tenants
from adapters.planon.within import Mandants
from contracts.delivery import Document
from contracts.desks import Call, Ports
from contracts.facility import (
    CreateIncidentRequest,
    FacilityNoteRequest,
    FindTenantReply,
    FindTenantRequest,
    GetIncidentRequest,
    Incident,
    ListAtRiskReply,
    ListAtRiskRequest,
)


class PlanonDesk:
    """A facility desk on Planon: find_tenant, list_at_risk, get_incident, create_incident, log_note.

    May be used by several threads at once.
    """

    def __init__(self, options: PlanonOptions, ports: Ports) -> None:
        """Load mapping, schemas, descriptions and statements; open no connection.

        Raises:
            AdapterMisconfigured: one of them cannot be used.
        """
        self._clock = ports.clock
        self._zone = ZoneInfo(options.zone)
        mapping = load_mapping(options.mapping)
        self._replica = open_replica(options)
        self._references = References(self._replica, ports.reference_rows, ports.clock, self._zone)
        self._forms = load_forms(mapping, options.mapping, options.xsd, self._references.columns)
        prints = fingerprints(self._forms, options.mapping, described_in(options.wsdl)[0])
        self._documents = Documents(self._forms, prints)
        self._tenants = Tenants(self._replica, self._references)
        self._services = Services(options, mapping, self._documents.replies, ports.clock, prints, ports.wire)
        self.destination = self._services.destination

    def find_tenant(self, request: FindTenantRequest, call: Call) -> FindTenantReply:
        """Find the one tenant for whom every given fact holds; reads the replica."""
        return self._tenants.find(request, Mandants.of(call))

    def list_at_risk(self, request: ListAtRiskRequest, call: Call) -> ListAtRiskReply:
        """List new incidents with less than a quarter of the backend's SLA window left; reads the replica."""
        return list_at_risk(self._replica, self._clock().astimezone(self._zone), request.limit, Mandants.of(call))

    def get_incident(self, request: GetIncidentRequest, call: Call) -> Incident:
        """Return a tenant's incident as the SOAP services have it now; whose the tenant is, the replica tells."""
        self._references.check(request.tenant, Mandants.of(call))
        return self._services.incidents.get(request)

    def create_incident(self, request: CreateIncidentRequest, call: Call) -> Document:
        """Compose an incident from the request and the replica's rows, and validate it; calls no service.

        Raises:
            NotFound, RuleMissing, DryRunRefused, BackendUnavailable: nothing was composed.
        """
        rows, asset = self._references.of_report(request.tenant, wanted_asset(request), Mandants.of(call))
        composed = compose_incident(request, call.reference, rows, asset, self._forms, self._zone)
        return self._documents.incident(composed, mandant_of(rows), request)

    def log_note(self, request: FacilityNoteRequest, call: Call) -> Document:
        """Compose a note for the communication log and validate it; calls no service.

        Whether the incident is this tenant's is checked against the backend when the note is sent.

        Raises:
            NotFound, RuleMissing, DryRunRefused, BackendUnavailable: nothing was composed. The replica is read only
                for a client that is limited to mandants, and when a number in the text may be a BSN or the tenant's own
                telephone number.
        """
        telephones = self._telephones(request, Mandants.of(call))
        composed = compose_note(request, call.reference, telephones, self._forms.note, self._zone)
        return self._documents.note(composed, request)

    def check(self) -> None:
        """Verify that the descriptions have every operation; the mapping was compared with the schemas before."""
        self._services.check()

    def check_backend(self) -> list[str]:
        """Compare every statement with the replica; one line for each that is not what its head says.

        Raises:
            BackendUnavailable: the replica could not be asked.
        """
        problems = self._replica.rehearse()
        self._replica.open_ahead()
        return problems

    def close(self) -> None:
        """Log out and release the replica."""
        self._services.close()
        self._replica.close()

    def _telephones(self, request: FacilityNoteRequest, mandants: Mandants) -> tuple[str, ...]:
        """Return the numbers that composing must know, and see that the tenant is of one of these mandants."""
        if needs_telephones(request):
            return self._references.of_tenant(request.tenant, mandants).telephones
        self._references.check(request.tenant, mandants)
        return ()
