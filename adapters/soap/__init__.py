"""SOAP over HTTP without a vendor: one POST per call, vendored descriptions, answers checked before they are parsed."""

from adapters.soap.about import About
from adapters.soap.answer import Answer
from adapters.soap.client import Secrets, SoapClient
from adapters.soap.errors import BadAnswer, Evidence, ExchangeFailed, Flaw, NoAnswer, NotConnected, SoapFault
from adapters.soap.http import Http
from adapters.soap.reply import document_in

__all__ = [
    "About",
    "Answer",
    "BadAnswer",
    "Evidence",
    "ExchangeFailed",
    "Flaw",
    "Http",
    "NoAnswer",
    "NotConnected",
    "Secrets",
    "SoapClient",
    "SoapFault",
    "document_in",
]
