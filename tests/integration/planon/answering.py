"""Planon as a raw server: every operation answers as it should, but for those that a test gives another behaviour."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from adapters.planon.services import Services
from tests.incident import FIELDS
from tests.integration.planon.services_stage import REFERENCE, TENANT, services
from tests.integration.soap.raw_server import Behaviour, RawServer, answer, choosing

NUMBER: Final = "INC-000001"
SESSION: Final = "urn:planon:webservices:session:1"
INCIDENT: Final = "urn:planon:webservices:incident:1"
LOG: Final = "urn:planon:webservices:communicationlog:1"
RECORD: Final = (
    f"<r:syscode>1001</r:syscode><r:incidentNumber>{NUMBER}</r:incidentNumber>"
    f"<r:externalReference>{REFERENCE}</r:externalReference><r:tenantId>{TENANT}</r:tenantId>"
    "<r:mandant>WBV</r:mandant><r:status>Reported</r:status><r:priority>2</r:priority>"
    "<r:reportedOn>2026-11-19T22:14:03+01:00</r:reportedOn>"
    f"<r:description>{FIELDS['BO_DESCRIPTION'].replace('&', '&amp;').replace('<', '&lt;')}</r:description>"
    "<r:slaStart>2026-11-19T22:14:03+01:00</r:slaStart><r:slaDue>2026-11-20T06:14:03+01:00</r:slaDue>"
)


def soap(body: str, namespace: str = INCIDENT, head: str = "") -> bytes:
    """An envelope of SOAP 1.1 around a body."""
    return (
        f'{head}<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:r="{namespace}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>{body}</e:Body></e:Envelope>'
    ).encode()


def reading(record: str) -> bytes:
    """The reply to a read."""
    return soap(f"<r:readResponse><r:return>{record}</r:return></r:readResponse>")


def finding(*syscodes: object) -> bytes:
    """The reply to a find."""
    return soap(f"<r:findResponse>{''.join(f'<r:return>{it}</r:return>' for it in syscodes)}</r:findResponse>")


def created(syscode: object) -> bytes:
    """The reply to a create."""
    return soap(f"<r:createResponse><r:return>{syscode}</r:return></r:createResponse>", LOG)


def numbered(number: str = NUMBER) -> bytes:
    """The AppSuite endpoint's reply."""
    inner = f"<IncidentNumber>{number}</IncidentNumber>"
    return f'<IncidentReply xmlns="urn:appsuite:reply:1">{inner}</IncidentReply>'.encode()


def refused(code: str) -> bytes:
    """The AppSuite endpoint's fault."""
    return f'<Fault xmlns="urn:appsuite:reply:1"><Code>{code}</Code><Text>Jansen zei: lekt</Text></Fault>'.encode()


def fault(code: str, text: str) -> bytes:
    """A fault of SOAP 1.1."""
    return soap(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></e:Fault>")


def xml(body: bytes, status: int = 200, headers: str = "") -> Behaviour:
    """Answer with XML."""
    return answer(status, "text/xml; charset=utf-8", body, headers)


GOOD: Final[Mapping[str, Behaviour]] = {
    "login": xml(soap("<r:loginResponse><r:return>sid</r:return></r:loginResponse>", SESSION)),
    "logout": xml(soap("<r:logoutResponse/>", SESSION)),
    "find": xml(finding(1001)),
    "read": xml(reading(RECORD)),
    "create": xml(created(7)),
    "incident": xml(numbered()),
}


@dataclass
class Answering:
    """The server, what it answers by operation, and the services that talk to it."""

    server: RawServer
    behaviours: dict[str, Behaviour]
    services: Services

    def asked(self) -> list[str]:
        """Return the operations that were called, in order."""
        return [operation_of(request) for request in self.server.requests]


def operation_of(request: bytes) -> str:
    """Name what a request asks for; `incident` is the AppSuite endpoint."""
    action = re.search(rb'SOAPAction: "urn:(\w+)"', request)
    return action[1].decode() if action else "incident"


@contextmanager
def answering(behaviours: Mapping[str, Behaviour] | None = None, **options: object) -> Iterator[Answering]:
    """Serve until the block ends."""
    chosen = {**GOOD, **(behaviours or {})}
    with (
        choosing(lambda request: chosen[operation_of(request)]) as server,
        services(f"{server.url}soap", f"{server.url}appsuite", **options) as made,  # type: ignore[arg-type]
    ):
        yield Answering(server, chosen, made)
