"""The AppSuite endpoint: takes an incident document, answers a number, and trusts the sender with everything else."""

from threading import Lock
from typing import Final

from lxml import etree

import schemas
from schemas.xml import XmlRefused, parse
from simulators.planon.exchange import Account, Answer, Prepared
from simulators.planon.ledger import Ledger
from simulators.planon.strike import Strike

_REPLY: Final = "urn:appsuite:reply:1"


class AppSuite:
    """`POST /appsuite/incident`: validates against the vendor's schema only, and takes the same document twice."""

    def __init__(self, ledger: Ledger, account: Account) -> None:
        self._ledger = ledger
        self._account = account
        self._schema = etree.XMLSchema(file=str(schemas.path("xsd/appsuite/incident.xsd")))
        self._lock = Lock()  # a schema's error log belongs to all threads

    def prepare(self, authorization: str, document: bytes) -> Prepared:
        """Return the request, ready to be executed."""
        return Prepared("incident", lambda strike: self._take(authorization, document, strike))

    def look(self, authorization: str) -> Answer:
        """Return what a GET is answered: the account is looked at first, and no document is given."""
        if not self._account.accepts_basic(authorization):
            return _unauthorised()
        return Answer(405, b"", "text/plain", {"Allow": "POST"})

    def _take(self, authorization: str, document: bytes, strike: Strike) -> Answer:
        if not self._account.accepts_basic(authorization):
            return _unauthorised()
        try:
            incident = parse(document)
        except XmlRefused as refused:
            return Answer(400, _fault("NOT_XML", str(refused)))
        with self._lock:
            if not self._schema.validate(incident):
                return Answer(400, _fault("SCHEMA_VIOLATION", "The document does not satisfy incident.xsd"))
        fields = {etree.QName(element).localname: element.text or "" for element in incident}
        return Answer(200, _document("IncidentReply", IncidentNumber=self._ledger.commit_incident(fields, strike)))


def _unauthorised() -> Answer:
    headers = {"WWW-Authenticate": 'Basic realm="AppSuite"'}
    return Answer(401, _fault("UNAUTHORISED", "Log-in failed"), headers=headers)


def save_failed() -> Answer:
    """Return a fault as the schema has it, with the status of a success."""
    return Answer(200, _fault("SCHEMA_VIOLATION", "Save failed"))


def _fault(code: str, text: str) -> bytes:
    return _document("Fault", Code=code, Text=text)


def _document(root: str, **texts: str) -> bytes:
    element = etree.Element(f"{{{_REPLY}}}{root}", nsmap={"rep": _REPLY})
    for name, text in texts.items():
        etree.SubElement(element, f"{{{_REPLY}}}{name}").text = text
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")
