"""Talks to the SOAP services as a call would, for an examination: log in, search for what nobody has, log out."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.planon import diagnosed
from adapters.planon.mapping import load_mapping
from adapters.planon.options import PlanonOptions
from adapters.planon.services import OPERATIONS, described_in
from adapters.planon.session import SECRETS, SERVICE
from adapters.soap import ExchangeFailed, Http, SoapClient, SoapFault
from adapters.soap.description import DescriptionUnusable
from adapters.soap.examination import ANSWER_S, of_failure
from contracts.desks import AdapterMisconfigured
from contracts.examination import Finding, Step

_NOBODYS: Final = "LS-NOBODY-HAS-THIS-ONE"
"""A reference that no report has: the shim's own are longer."""
_SEARCHED: Final = ("Incident", "CommunicationLog")
_TEXT: Final = 80


class _Talk:
    """One conversation."""

    def __init__(self, client: SoapClient, options: PlanonOptions, until: float) -> None:
        self._client = client
        self._options = options
        self._until = until

    def call(self, service: str, operation: str, *arguments: Any) -> Any:
        left_s = min(ANSWER_S, max(0.1, self._until - time.monotonic()))
        return self._client.call(service, operation, *arguments, timeout_s=left_s)

    def log_in(self) -> str | Finding:
        try:
            session = self.call(SERVICE, "login", self._options.user, self._options.password.get_secret_value())
        except SoapFault as fault:
            return diagnosed.SOAP_LOGIN_REFUSED.found(str(fault))
        except ExchangeFailed as error:
            return of_failure(error)
        return str(session) if session else diagnosed.SOAP_LOGIN_REFUSED.found("no session was given")

    def search(self, session: str, service: str, wanted: Mapping[str, Any], expired: str) -> Finding | None:
        try:
            found = self.call(service, "find", session, wanted)
        except SoapFault as fault:
            ended = fault.text.strip() == expired
            return (diagnosed.SESSION_ENDS if ended else diagnosed.CALL_REFUSED).found(f"{service}.find: {fault}")
        except ExchangeFailed as error:
            return of_failure(error)
        return diagnosed.FILTER_IGNORED.found(f"{service}.find found {len(found)}") if found else None

    def ended(self, session: str, wanted: Mapping[str, Any], expired: str) -> Finding | None:
        """Use a session that was logged out."""
        try:
            self.call(SERVICE, "logout", session)
            self.call(_SEARCHED[0], "find", session, wanted)
        except SoapFault as fault:
            text = fault.text.strip()
            if text == expired:
                return None
            return diagnosed.EXPIRED_DIFFERS.found(f"it says {text[:_TEXT]!r}; the mapping, {expired!r}")
        except ExchangeFailed as error:
            return of_failure(error)
        return None  # who goes on after a log-out tells nothing of sessions that idle out


def talk(options: PlanonOptions, until: float) -> Iterator[Step]:
    """Yield the steps of one conversation that writes nothing; ends about `until`."""
    try:
        mapping = load_mapping(options.mapping)
        client = _client(options)
    except (AdapterMisconfigured, DescriptionUnusable, OSError):
        yield Step("log-in", skipped="mapping or WSDL cannot be used, as told above")
        return
    talking = _Talk(client, options, until)
    session = talking.log_in()
    if isinstance(session, Finding):
        yield Step("log-in", (session,))
        return
    yield Step("log-in", told=f"as {options.user}")
    expired = mapping.session.expired
    field = {"fieldName": mapping.records.by_reference, "filterValue": _NOBODYS, "operator": "EQUALS"}
    wanted = {"fieldFilters": [field]}
    found = [each for service in _SEARCHED if (each := talking.search(session, service, wanted, expired)) is not None]
    yield Step("session", tuple(found[:1]), "" if found else "searches by reference")
    if not found:
        differs = talking.ended(session, wanted, expired)
        yield Step("ended session", () if differs is None else (differs,))


def _client(options: PlanonOptions) -> SoapClient:
    wsdl, folder = described_in(options.wsdl)
    addresses = {service: options.service_address(service) for service in OPERATIONS}
    http = Http(options.connect_timeout_s, ANSWER_S, str(options.ca_file) if options.ca_file else None)
    return SoapClient(wsdl, folder, addresses, http, SECRETS)
