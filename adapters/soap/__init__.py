"""SOAP over HTTP without a vendor: one POST per call, vendored descriptions, answers checked before they are parsed."""

from adapters.soap.client import SoapClient
from adapters.soap.errors import BadAnswer, ExchangeFailed, NoAnswer, NotConnected, SoapFault
from adapters.soap.http import Answer, Http

__all__ = ["Answer", "BadAnswer", "ExchangeFailed", "Http", "NoAnswer", "NotConnected", "SoapClient", "SoapFault"]
