"""What is served and to whom: the TLS certificate, and what is left open on the wire."""

import os
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from contracts.examination import Diagnosis, Finding, Level, Step
from shim.doctor.machine import Machine
from shim.exposures import Part, exposed
from shim.http.listener import tls
from shim.settings import ConfigurationError, Settings

UNREADABLE: Final = Diagnosis(
    "tls-unreadable",
    Level.BROKEN,
    "the TLS certificate or its key cannot be read",
    "The service does not start.",
    "Correct http.tls_certificate and http.tls_key; both are PEM files that this account may read, without a password.",
)
MISMATCH: Final = Diagnosis(
    "tls-key-mismatch",
    Level.BROKEN,
    "the TLS key is another certificate's",
    "The service does not start.",
    "Put certificate and key of one issue side by side; one of them was renewed without the other.",
)
EXPIRED: Final = Diagnosis(
    "tls-expired",
    Level.BROKEN,
    "the TLS certificate is not valid now",
    "Clients that check it refuse the connection.",
    "Renew it; if it is said not to be valid yet, look at this machine's clock.",
)
EXPIRES: Final = Diagnosis(
    "tls-expires-soon",
    Level.WARNING,
    "the TLS certificate expires soon",
    "Clients that check it will refuse the connection.",
    "Renew it now, or look why its renewal did not run.",
)
OPEN: Final = Diagnosis(
    "open-on-the-wire",
    Level.BROKEN,
    "what goes over a network can be read on its way",
    "Keys, passwords and people's words travel there; the service does not start like that.",
    "Do what is named below; or name the reason in accepted_risk of that section.",
)
DIAGNOSES: Final = (UNREADABLE, MISMATCH, EXPIRED, EXPIRES, OPEN)
_OF_SYSTEMS: Final[tuple[Part, ...]] = ("systems",)

_SOON: Final = timedelta(days=14)
"""Automatic renewal begins 30 days before; when half of that has passed, it does not work."""
_OPEN_PARTS: Final[tuple[Part, ...]] = ("state", "http", "outbox")


def look(settings: Settings, machine: Machine) -> Iterator[Step]:
    """Look at certificate and key as the service will, and at everything that is open; connect to nothing."""
    if settings.http.tls_certificate is not None:
        yield Step("certificate", tuple(_certificate(settings, settings.http.tls_certificate, machine)))
    refused = [line for part in exposed(settings, _OPEN_PARTS, machine.environment) for line in part.refused]
    yield Step("open on the wire", tuple(OPEN.found(line) for line in refused))


def of_system(settings: Settings, system: str) -> Step:
    """Look at what one system leaves open; its options must be usable."""
    one = settings.model_copy(update={"systems": {system: settings.systems[system]}})
    found = [line for part in exposed(one, _OF_SYSTEMS) for line in part.refused]
    return Step("open on the wire", tuple(OPEN.found(line) for line in found))


def _certificate(settings: Settings, path: Path, machine: Machine) -> Iterator[Finding]:
    for file in (path, settings.http.tls_key or path):
        if not file.is_file() or not os.access(file, os.R_OK):
            yield UNREADABLE.found(f"{file}: {'it cannot be read' if file.exists() else 'there is no such file'}")
            return
    try:
        tls(settings.http)
    except ConfigurationError as error:
        reason = getattr(error.__cause__, "reason", "") if isinstance(error.__cause__, ssl.SSLError) else ""
        mismatch = reason == "KEY_VALUES_MISMATCH"
        yield MISMATCH.found(str(path)) if mismatch else UNREADABLE.found(f"{path}: {reason or error}")
        return
    yield from _validity(path, machine)


def _validity(path: Path, machine: Machine) -> Iterator[Finding]:
    from cryptography import x509  # noqa: PLC0415 - only where HTTPS is served

    first = x509.load_pem_x509_certificates(path.read_bytes())[0]
    now, begins, ends = machine.clock(), first.not_valid_before_utc, first.not_valid_after_utc
    if not begins <= now <= ends:
        yield EXPIRED.found(f"{path}: valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}")
    elif ends - now < _SOON:
        yield EXPIRES.found(f"{path}: until {ends:%Y-%m-%d %H:%M} UTC")
