"""Planon's SOAP services and its AppSuite endpoint, wired: what a desk needs of them, and nothing opened yet."""

from collections.abc import Callable
from collections.abc import Mapping as Prints
from datetime import datetime
from pathlib import Path
from typing import Final

import schemas
from adapters.planon.destination import PlanonDestination
from adapters.planon.endpoint import AppSuiteEndpoint
from adapters.planon.incidents import Incidents
from adapters.planon.mapping import Mapping
from adapters.planon.options import PlanonOptions
from adapters.planon.outcomes import AppSuiteReplies
from adapters.planon.read_back import ReadBack
from adapters.planon.records import Records
from adapters.planon.session import SECRETS, Session
from adapters.soap import Http, SoapClient
from adapters.soap.description import DescriptionUnusable
from contracts.desks import AdapterMisconfigured
from contracts.wire import Wire

OPERATIONS: Final = {
    "PlanonSession": ("login", "logout"),
    "Incident": ("find", "read"),
    "CommunicationLog": ("create", "find", "read"),
}


class Services:
    """What reaches Planon itself: deliveries, and reading an incident as it is now."""

    def __init__(
        self,
        options: PlanonOptions,
        mapping: Mapping,
        replies: AppSuiteReplies,
        clock: Callable[[], datetime],
        fingerprints: Prints[str, str],
        wire: Wire | None = None,
    ) -> None:
        """Load the WSDL; `fingerprints` are of what documents are validated with, by kind, and `wire` as of `Ports`.

        Raises:
            AdapterMisconfigured: it cannot be used.
        """
        try:
            ca_file = str(options.ca_file) if options.ca_file else None
            http = Http(options.connect_timeout_s, options.timeout_s, ca_file, wire=wire)
        except OSError as error:
            raise AdapterMisconfigured(f"ca_file cannot be used: {error.strerror or type(error).__name__}") from error
        self._soap = _soap_client(options, http)
        self._mapping = mapping
        self._session = Session(
            self._soap,
            options.user,
            options.password,
            mapping.session.expired,
            idle_s=options.session_idle_s,
            timeout_s=options.timeout_s,
        )
        self._records = Records(self._soap, self._session, mapping.records)
        account = (options.user, options.password.get_secret_value())
        self.destination = PlanonDestination(
            AppSuiteEndpoint(http, options.appsuite_url, account, replies),
            self._records,
            ReadBack(self._records, mapping.records.same, options.sla_settle_s),
            options.settle_s,
            mapping.note.element_of("incident"),
            fingerprints,
        )
        self.incidents = Incidents(self._records, options.sla_settle_s, clock)

    def check(self) -> None:
        """Verify that the WSDL has every operation and attribute, and the document every element, that is named.

        Raises:
            AdapterMisconfigured: naming it.
        """
        for service, operations in OPERATIONS.items():
            for operation in operations:
                if not self._soap.describes(service, operation):
                    raise AdapterMisconfigured(f"the WSDL describes no operation {service}.{operation}")
        self._records.check()
        document = self._mapping.incident
        constants = [document.constants, *(mandant.constants for mandant in self._mapping.mandants.values())]
        written = {*document.elements, *(name for named in constants for name in named)}
        for attribute, element in self._mapping.records.same.items():
            if element not in written:
                raise AdapterMisconfigured(f"mapping: records.same.{attribute}: {element} is no element of an incident")

    def close(self) -> None:
        """Log out. Idempotent."""
        self._session.close()


def _soap_client(options: PlanonOptions, http: Http) -> SoapClient:
    wsdl, folder = described_in(options.wsdl)
    addresses = {service: options.service_address(service) for service in OPERATIONS}
    try:
        return SoapClient(wsdl, folder, addresses, http, SECRETS)
    except DescriptionUnusable as error:
        raise AdapterMisconfigured(f"wsdl: {error}") from error


def described_in(site: Path | None) -> tuple[Path, Path]:
    """Return the WSDL, and the folder in which everything that it imports must lie."""
    if site is not None:
        return site, site.parent
    packaged = schemas.path("wsdl/planon.wsdl")
    return packaged, packaged.parent.parent
