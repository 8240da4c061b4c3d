"""SOAP over HTTP without a vendor: one POST per call, vendored descriptions, answers checked before they are parsed."""

from adapters.soap.answer import Answer
from adapters.soap.client import SoapClient
from adapters.soap.errors import BadAnswer, Evidence, ExchangeFailed, Flaw, NoAnswer, NotConnected, SoapFault
from adapters.soap.http import Http
from adapters.soap.reply import document_in

__all__ = [
    "Answer",
    "BadAnswer",
    "Evidence",
    "ExchangeFailed",
    "Flaw",
    "Http",
    "NoAnswer",
    "NotConnected",
    "SoapClient",
    "SoapFault",
    "document_in",
]
