"""Examines one Planon installation: its files, SOAP, AppSuite, the read replica. It changes and creates nothing."""

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from adapters.network.clock import compared
from adapters.network.services import ANSWER_NOT_SOAP, OPERATION_MISSING, PATH_UNKNOWN
from adapters.odbc.diagnosed import POOLING
from adapters.odbc.pooling import pooling_enabled
from adapters.planon import diagnosed
from adapters.planon.connecting import statements_of
from adapters.planon.desk import PlanonDesk
from adapters.planon.destination import INCIDENT
from adapters.planon.mapping import load_mapping
from adapters.planon.options import PlanonOptions
from adapters.planon.services import OPERATIONS
from adapters.planon.talking import talk
from adapters.soap.examination import Door, Reply, approach, fingerprint_of, get, operations_in, wsdl_in
from adapters.sql import examination as sql
from adapters.sql.diagnosed import STATEMENTS_UNUSABLE
from adapters.sql.statements import load_statement
from adapters.sql.url import UrlSource
from contracts.desks import AdapterMisconfigured, KeptRow, Ports
from contracts.examination import Diagnosis, Examination, Finding, Step

_SAID: Final[Mapping[str, Diagnosis]] = {
    "mapping": diagnosed.MAPPING_UNUSABLE,
    "schema": diagnosed.SCHEMA_UNUSABLE,
    "a schema": diagnosed.SCHEMA_UNUSABLE,
    "wsdl": diagnosed.WSDL_UNUSABLE,
    "the WSDL": diagnosed.WSDL_UNUSABLE,
}
"""How the text of AdapterMisconfigured begins, and what that means."""
_LOOKED_FOR: Final = Path(__file__).parent / "looked_for" / "incident.sql"
_SOAP: Final = "SOAP"
_APPSUITE: Final = "AppSuite"
_REPLICA: Final = "replica"
_GATEWAY: Final = frozenset({502, 503, 504, 407}) | frozenset(range(300, 400))
_SHARE: Final = 0.6
"""Part of the time that is left which the services may take before the replica is looked at."""


def examine(options: PlanonOptions, examination: Examination) -> Iterator[Step]:
    """Yield the steps of one installation; ends by `examination.until`."""
    yield _files(options, examination)
    begun = time.monotonic()
    services_until = begun + (examination.until - begun) * _SHARE
    silent: Door | None = None
    for step in _soap(options, examination, services_until):
        if step.is_broken and step.name.startswith(
            (f"{_SOAP}: name", f"{_SOAP}: port", f"{_SOAP}: TLS", f"{_SOAP}: answer")
        ):
            silent = Door.of(options.soap_url)
        yield step
    if silent == Door.of(options.appsuite_url):
        yield Step(f"{_APPSUITE}: answer", skipped="it is behind the same port as SOAP")
    else:
        yield from _appsuite(options, services_until)
    for step in _replica(options, examination):
        yield replace(step, name=f"{_REPLICA}: {step.name}")


def served(options: PlanonOptions, until: float) -> dict[str, str]:
    """Return the fingerprint of each service's WSDL as the backend serves it now; none of one that it does not."""
    found = {}
    for service in OPERATIONS:
        reply = get(f"{options.service_address(service)}?wsdl", _ca(options), until)
        if isinstance(reply, Finding):
            break  # who does not answer once is not asked again
        if (wsdl := wsdl_in(reply)) is not None:
            found[f"served wsdl {service}"] = fingerprint_of(wsdl)
    return found


class _NothingKept:
    """Reference rows of a desk that composes nothing."""

    max_age = timedelta(0)

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        """Keep nothing."""
        del name, row, read_at

    def recall(self, name: str) -> KeptRow | None:
        """Know nothing."""
        del name
        return None


def _files(options: PlanonOptions, examination: Examination) -> Step:
    nobody: Any = None
    try:
        load_mapping(options.mapping)
        desk = PlanonDesk(options, Ports(examination.system, examination.clock, _NothingKept(), nobody))
        desk.check()
        desk.close()
    except AdapterMisconfigured as error:
        if "Pooling=Yes" in str(error):
            return Step("files", (POOLING.found(str(pooling_enabled() or "")),))
        said = next((what for begin, what in _SAID.items() if str(error).startswith(begin)), STATEMENTS_UNUSABLE)
        return Step("files", (said.found(str(error)),))
    return Step("files", told="mapping, schemas, WSDL and statements fit each other")


def _soap(options: PlanonOptions, examination: Examination, until: float) -> Iterator[Step]:
    door, ca_file = Door.of(options.soap_url), _ca(options)
    for step in approach(door, ca_file, until):
        yield replace(step, name=f"{_SOAP}: {step.name}")
        if step.is_broken:
            yield Step(f"{_SOAP}: log-in", skipped="there is no way to the services")
            return
    replies: dict[str, Reply] = {}
    for service in OPERATIONS:
        reply = get(f"{options.service_address(service)}?wsdl", ca_file, until)
        if isinstance(reply, Finding):
            yield Step(f"{_SOAP}: answer", (reply,))
            yield Step(f"{_SOAP}: log-in", skipped="the services do not answer")
            return
        replies[service] = reply
    yield _wsdls(replies)
    dates = [reply.date for reply in replies.values() if reply.date is not None]
    if dates:
        findings = compared(dates[-1], examination.clock())
        yield Step(f"{_SOAP}: clock", findings, "" if findings else "as this machine's")
    for step in talk(options, until):
        yield replace(step, name=f"{_SOAP}: {step.name}")


def _wsdls(replies: Mapping[str, Reply]) -> Step:
    """Compare what is served with what is called; most servers can be told to serve none, which is no finding."""
    known = {service: wsdl for service, reply in replies.items() if (wsdl := wsdl_in(reply)) is not None}
    missing = [
        f"{service}.{operation}"
        for service, wsdl in known.items()
        for operation in OPERATIONS[service]
        if operation not in operations_in(wsdl)
    ]
    told = f"{len(known)} of {len(replies)} are served"
    return Step(f"{_SOAP}: served WSDL", (OPERATION_MISSING.found(", ".join(missing)),) if missing else (), told)


def _appsuite(options: PlanonOptions, until: float) -> Iterator[Step]:
    door, name = Door.of(options.appsuite_url), f"{_APPSUITE}: answer"
    if door != Door.of(options.soap_url):
        for step in approach(door, _ca(options), until):
            yield replace(step, name=f"{_APPSUITE}: {step.name}")
            if step.is_broken:
                yield Step(name, skipped="there is no way to the endpoint")
                return
    account = f"{options.user}:{options.password.get_secret_value()}"
    headers = {"Authorization": f"Basic {b64encode(account.encode()).decode()}"}
    # A GET creates nothing: an endpoint that only takes documents answers 405, after it has looked at the account.
    reply = get(options.appsuite_url, _ca(options), until, headers)
    if isinstance(reply, Finding):
        yield Step(name, (reply,))
        return
    found = _of_status(reply.status)
    yield Step(name, () if found is None else (found.found(str(reply)),), "" if found else str(reply))


def _of_status(status: int) -> Diagnosis | None:
    if status in {401, 403}:
        return diagnosed.APPSUITE_LOGIN_REFUSED
    if status in {404, 410}:
        return PATH_UNKNOWN
    return ANSWER_NOT_SOAP if status in _GATEWAY else None


def _replica(options: PlanonOptions, examination: Examination) -> Iterator[Step]:
    try:
        source, statements = UrlSource(options.replica_url.get_secret_value()), statements_of(options)
    except (ValueError, AdapterMisconfigured):
        yield Step("log-in", skipped="its options cannot be used, as told above")
        return
    newest = None
    if (landed := examination.newest) is not None and landed.kind in {"", INCIDENT}:
        age_s = (examination.clock() - landed.at).total_seconds()
        newest = sql.Newest(load_statement(_LOOKED_FOR), {"number": landed.backend_id}, age_s)
    yield from sql.examine(sql.Looked(source, statements, newest), examination, examination.until)


def _ca(options: PlanonOptions) -> str | None:
    return str(options.ca_file) if options.ca_file else None
