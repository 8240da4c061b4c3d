"""What can be wrong with a service over HTTP or SOAP, whoever's it is."""

from typing import Final

from adapters.network import reach
from adapters.network.silence import SERVER_SILENT
from contracts.examination import Diagnosis, Level

CERTIFICATE_UNTRUSTED: Final = Diagnosis(
    "certificate-untrusted",
    Level.BROKEN,
    "nobody whom this machine trusts vouches for the server's certificate",
    "Nothing is sent to a server that cannot prove who it is.",
    "Name the file of the authority that signed it (option ca_file), or have the server send the certificates between.",
)
CERTIFICATE_EXPIRED: Final = Diagnosis(
    "certificate-expired",
    Level.BROKEN,
    "the server's certificate is not valid today",
    "Nothing is sent to a server that cannot prove who it is.",
    "Have the server's certificate renewed; if it is new, look at this machine's clock.",
)
CERTIFICATE_OF_ANOTHER: Final = Diagnosis(
    "certificate-of-another",
    Level.BROKEN,
    "the server's certificate is for another name",
    "It may be another server that answers there.",
    "Write the address with the name that the certificate has, or have one made for this name.",
)
TLS_NONE: Final = Diagnosis(
    "tls-none",
    Level.BROKEN,
    "the port does not speak TLS",
    "The address begins with https://, and what listens there is something else, or too old.",
    "Correct the port; or let the server offer TLS 1.2 or later.",
)
ANSWER_BROKEN: Final = Diagnosis(
    "answer-broken",
    Level.BROKEN,
    "the connection ends before a whole answer",
    "The outcome of a write is unknown then.",
    "Look at what stands between (proxy, load balancer), and at the backend's own log at this time.",
)
ANSWER_NOT_SOAP: Final = Diagnosis(
    "answer-not-soap",
    Level.BROKEN,
    "something else than the service answers, such as a proxy with a page in HTML",
    "No call comes through.",
    "Ask who stands between this machine and the backend; the address must lead to the backend itself.",
)
PATH_UNKNOWN: Final = Diagnosis(
    "path-unknown",
    Level.BROKEN,
    "the server answers, and has nothing at this path",
    "No call comes through.",
    "Correct the path in the address; the backend's own list of services shows what there is.",
)
OPERATION_MISSING: Final = Diagnosis(
    "operation-missing",
    Level.BROKEN,
    "the WSDL that the backend serves lacks an operation that is called",
    "Calls of it will be refused: the backend was generated anew, or this is another service.",
    "Compare the served WSDL with ours (address of the service with ?wsdl), and generate the operation again.",
)
REPLY_NOT_AS_DESCRIBED: Final = Diagnosis(
    "reply-not-as-described",
    Level.BROKEN,
    "a reply is not what the WSDL describes",
    "It cannot be read, so writes end with an unknown outcome.",
    "The backend was changed: put its new WSDL in place (option wsdl), and accept it: shim systems accept SYSTEM.",
)
DIAGNOSES: Final = (
    *reach.DIAGNOSES,
    SERVER_SILENT,
    *(CERTIFICATE_UNTRUSTED, CERTIFICATE_EXPIRED, CERTIFICATE_OF_ANOTHER, TLS_NONE, ANSWER_BROKEN),
    *(ANSWER_NOT_SOAP, PATH_UNKNOWN, OPERATION_MISSING, REPLY_NOT_AS_DESCRIBED),
)
