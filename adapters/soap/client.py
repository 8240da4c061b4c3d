"""A small SOAP client: zeep builds and reads messages, our own HTTP carries them to pinned addresses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from zeep.exceptions import Error as ZeepError

from adapters.soap.about import About
from adapters.soap.answer import Answer
from adapters.soap.description import DescriptionUnusable, load_description
from adapters.soap.envelope import envelope_around
from adapters.soap.errors import Flaw
from adapters.soap.http import Http
from adapters.soap.reply import envelope_in, read_whole, reply_in
from contracts.spans import span


@dataclass(frozen=True, slots=True)
class Secrets:
    """Which elements hold secrets, by local name directly below a call, with the word that stands for each.

    Attributes:
        of_all: in every call that `of_one` does not have.
        of_one: in the calls of one operation, such as `PlanonSession.login`.
        answers: operations whose answer is a secret.
    """

    of_all: Mapping[str, str] = field(default_factory=dict)
    of_one: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)

    def about(self, operation: str, expects: Callable[[], frozenset[str]]) -> About:
        """Return what a call of an operation says of itself."""
        return About(operation, self.of_one.get(operation, self.of_all), self.answers.get(operation), expects=expects)


class SoapClient:
    """Calls operations of the services in one WSDL. May be used by several threads at once."""

    def __init__(
        self, wsdl: Path, folder: Path, addresses: Mapping[str, str], http: Http, secrets: Secrets | None = None
    ) -> None:
        """Load the description; opens no connection.

        Args:
            wsdl: the vendored WSDL.
            folder: below which it and everything that it imports must lie.
            addresses: URL per service; those in the WSDL are never used.
            http: what carries the messages.
            secrets: what of them nobody else may see.

        Raises:
            DescriptionUnusable: the WSDL cannot be used, or lacks one of the services.
        """
        self._client, self._schema = load_description(wsdl, folder)
        self._addresses = dict(addresses)
        self._proxies = {name: self._proxy(name) for name in addresses}
        self._http = http
        self._secrets = secrets or Secrets()

    def describes(self, service: str, operation: str) -> bool:
        """Return whether the WSDL has this operation."""
        return operation in self._binding(service).all()

    def members(self, service: str, operation: str) -> frozenset[str]:
        """Return the names in the record that an operation returns; none if it returns no record."""
        returned = [element for _, element in self._binding(service).get(operation).output.body.type.elements]
        return frozenset(name for element in returned for name, _ in getattr(element.type, "elements", ()))

    def call(self, service: str, operation: str, *arguments: Any, timeout_s: float | None = None) -> Any:
        """Call an operation and return its result as zeep reads it.

        Raises:
            ExchangeFailed: one of its kinds; only SoapFault is the service's own answer.
        """
        envelope = self._client.create_message(self._proxies[service], operation, *arguments)
        message = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        return self._exchange(service, operation, message, timeout_s)

    def call_verbatim(self, service: str, operation: str, arguments: Mapping[str, str], frozen: bytes) -> Any:
        """Call an operation whose element holds `arguments` and then `frozen`, byte for byte.

        Raises:
            ExchangeFailed: one of its kinds.
        """
        name = etree.QName(self._binding(service).get(operation).input.body.qname)
        message = envelope_around(frozen, name.namespace or "", name.localname, arguments)
        return self._exchange(service, operation, message, None)

    def _proxy(self, service: str) -> Any:
        try:
            found = self._client.bind(service)
        except ValueError as error:
            raise DescriptionUnusable(f"the WSDL describes no service {service}") from error
        if found is None:  # of a document that describes none at all, such as a page in HTML
            raise DescriptionUnusable(f"the WSDL describes no service {service}")
        return found

    def _binding(self, service: str) -> Any:
        return self._proxies[service]._binding  # noqa: SLF001 - zeep offers no other way to read a reply

    def _exchange(self, service: str, operation: str, message: bytes, timeout_s: float | None) -> Any:
        described = self._binding(service).get(operation)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{described.soapaction}"'}
        name, url = f"{service}.{operation}", self._addresses[service]
        about = self._secrets.about(name, partial(_names_of, described.output.body))
        with span(name, technology="soap", server=urlsplit(url).netloc, operation=name) as step:
            answer = self._http.post(url, message, headers, timeout_s=timeout_s, about=about)
            step.tell(status=answer.status)
            return self._read(described, answer)

    def _read(self, described: Any, answer: Answer) -> Any:
        envelope = envelope_in(answer)
        reply = reply_in(answer, envelope, str(described.output.body.qname), self._schema)
        try:
            result = described.process_reply(envelope)
        except (ZeepError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
            raise answer.bad(Flaw.UNREADABLE, type(error).__name__) from error
        read_whole(answer, reply, result)
        return result


def _names_of(described: Any) -> frozenset[str]:
    """Return the local name of a described element, and of every element below it."""
    names = {etree.QName(described.qname).localname}
    waiting = [described.type]
    while waiting:
        for name, element in getattr(waiting.pop(), "elements", ()):
            if name not in names:
                names.add(name)
                waiting.append(element.type)
    return frozenset(names)
