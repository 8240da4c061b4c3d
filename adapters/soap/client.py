"""A small SOAP client: zeep builds and reads messages, our own HTTP carries them to pinned addresses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault

from adapters.soap.description import DescriptionUnusable, load_description
from adapters.soap.envelope import SOAP_11, envelope_around
from adapters.soap.errors import BadAnswer, SoapFault
from adapters.soap.http import Answer, Http
from schemas.xml import XmlRefused, parse

_OK: Final = 200
_FAULT: Final = 500  # SOAP 1.1 sends its faults with this status, and only its faults
_BODY: Final = f"{{{SOAP_11}}}Body"


@dataclass(frozen=True, slots=True)
class _Reply:
    """What zeep reads of an HTTP response."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str = "utf-8"


class SoapClient:
    """Calls operations of the services in one WSDL. May be used by several threads at once."""

    def __init__(self, wsdl: Path, folder: Path, addresses: Mapping[str, str], http: Http) -> None:
        """Load the description; opens no connection.

        Args:
            wsdl: the vendored WSDL.
            folder: below which it and everything that it imports must lie.
            addresses: URL per service; those in the WSDL are never used.
            http: what carries the messages.

        Raises:
            DescriptionUnusable: the WSDL cannot be used, or lacks one of the services.
        """
        self._client = load_description(wsdl, folder)
        self._addresses = dict(addresses)
        self._proxies = {name: self._proxy(name) for name in addresses}
        self._http = http

    def describes(self, service: str, operation: str) -> bool:
        """Return whether the WSDL has this operation."""
        return operation in self._binding(service).all()

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
            return self._client.bind(service)
        except ValueError as error:
            raise DescriptionUnusable(f"the WSDL describes no service {service}") from error

    def _binding(self, service: str) -> Any:
        return self._proxies[service]._binding  # noqa: SLF001 - zeep offers no other way to read a reply

    def _exchange(self, service: str, operation: str, message: bytes, timeout_s: float | None) -> Any:
        binding = self._binding(service)
        described = binding.get(operation)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{described.soapaction}"'}
        answer = self._http.post(self._addresses[service], message, headers, timeout_s=timeout_s)
        tree = _strict(answer)
        reply = _Reply(answer.status, {"Content-Type": "text/xml"}, answer.body)
        try:
            result = binding.process_reply(self._client, described, reply)
        except Fault as fault:
            raise _as_fault(fault, answer) from fault
        except (ZeepError, ValueError, TypeError, AttributeError, LookupError) as error:
            raise BadAnswer(answer.status, f"unreadable reply to {operation}: {type(error).__name__}") from error
        # zeep reads an empty body, or another operation's reply, as an empty result: a find would be "not found".
        if [element.tag for element in _body(tree)] != [str(described.output.body.qname)]:
            raise BadAnswer(answer.status, f"not a reply to {operation}")
        if _texts(tree) != _values(result):
            raise BadAnswer(answer.status, f"a value in the reply to {operation} is unreadable")
        return result


def _strict(answer: Answer) -> etree._Element:
    """Parse an answer that may be SOAP: zeep would read a proxy's HTML page as an unknown fault."""
    if answer.status not in {_OK, _FAULT}:
        raise BadAnswer(answer.status, "not a status of SOAP 1.1", answer.retry_after_s)
    if answer.media_type != "text/xml":
        raise BadAnswer(answer.status, f"media type {answer.media_type[:40]!r} instead of XML", answer.retry_after_s)
    try:
        return parse(answer.body)
    except XmlRefused as error:
        raise BadAnswer(answer.status, error.reason) from error


def _as_fault(fault: Fault, answer: Answer) -> SoapFault | BadAnswer:
    if not fault.code:
        return BadAnswer(answer.status, "neither a reply nor a fault")
    return SoapFault(str(fault.code).rpartition(":")[2], str(fault.message or ""))


def _body(tree: etree._Element) -> list[etree._Element]:
    body = tree.find(_BODY)
    return [] if body is None else list(body)


def _texts(tree: etree._Element) -> int:
    """Count the leaves below the body that hold text."""
    return sum(1 for child in _body(tree) for element in child.iter() if len(element) == 0 and element.text)


def _values(result: Any) -> int:
    """Count the values that zeep read: it turns what it cannot read, such as a wrong date, into None."""
    return sum(1 for value in _leaves(result) if value is not None)


def _leaves(result: Any) -> Iterator[Any]:
    if isinstance(result, list | tuple):
        for item in result:
            yield from _leaves(item)
    elif hasattr(result, "__values__"):
        for item in result.__values__.values():
            yield from _leaves(item)
    else:
        yield result
