"""Replies to work that was done, made into what a client does not expect; only a good reply can be spoiled."""

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from simulators.planon import appsuite, envelope
from simulators.planon.exchange import Answer
from simulators.planon.faults import Fault

_NO_DATE: Final = "niet bekend"
_DATES: Final = frozenset({"reportedOn", "reportedAt", "slaStart", "slaDue"})


def spoiled(fault: Fault | None, operation: str, answer: Answer) -> Answer:
    """Return the reply that a fault makes of a good one; any other reply is returned as it is."""
    if answer.status != 200:  # noqa: PLR2004 - the only good one
        return answer
    if fault is Fault.ERROR_200:
        error = appsuite.save_failed() if operation == "incident" else envelope.fault("Server", "Save failed")
        return Answer(200, error.body)
    change = _CHANGES.get(fault) if fault else None
    if change is None:
        return answer
    root = etree.fromstring(answer.body)
    change(_innermost(root))
    return Answer(200, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _innermost(root: etree._Element) -> etree._Element:
    """Return the element that holds the values: a record, a SOAP response or AppSuite's reply."""
    body = root.find("{*}Body")
    if body is None:
        return root
    response = body[0]
    return response[0] if len(response) == 1 and len(response[0]) else response


def _add_element(values: etree._Element) -> None:
    namespace = etree.QName(values).namespace
    unknown = etree.Element(f"{{{namespace}}}releaseInfo")
    unknown.text = "2026-11"
    values.insert(0, unknown)


def _reverse(values: etree._Element) -> None:
    values[:] = list(reversed(values))


def _spoil_dates(values: etree._Element) -> None:
    for value in values:
        if value.text and etree.QName(value).localname in _DATES:
            value.text = _NO_DATE


_CHANGES: Final[Mapping[Fault, Callable[[etree._Element], None]]] = {
    Fault.UNKNOWN_ELEMENT: _add_element,
    Fault.REORDER: _reverse,
    Fault.BAD_DATE: _spoil_dates,
}
