"""A client that knows nothing of adapters or zeep: it sends one request of each kind and shows what comes back."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import requests
from lxml import etree

from simulators.planon.simulator import PlanonSimulator
from tests.incident import FIELDS, NAMESPACE

ORDER = [*FIELDS]
ORDER.insert(ORDER.index("BO_ORDER_TYPE"), "BO_ASSET")
NOTE = {
    "INCIDENT_NUMBER": "INC-000001",
    "TENANT_ID": "TNT-10001",
    "REPORTED_AT": "2026-11-19T22:20:00+01:00",
    "TEXT": "Het water loopt nu\nook bij de buren <&> 😱",
    "EXTERNAL_REF": "DEMO-NOTE",
    "LOG_TYPE": "TENANT_MESSAGE",
}
SERVICES = {"login": "PlanonSession", "logout": "PlanonSession", "note": "CommunicationLog"}
NAMESPACES = {"PlanonSession": "session", "Incident": "incident", "CommunicationLog": "communicationlog"}


def incident_document(**changes: str | None) -> bytes:
    """Return an incident document; a field set to None is left out."""
    root = etree.Element(f"{{{NAMESPACE}}}Incident", nsmap={"bo": NAMESPACE})
    fields: dict[str, str | None] = {**FIELDS, **changes}
    for name in dict.fromkeys([*ORDER, *changes]):
        if (value := fields.get(name)) is not None:
            etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
    return etree.tostring(root, encoding="UTF-8")


class Caller:
    """One request of each operation, each on a connection of its own.

    Args:
        simulator: who is called.
    """

    def __init__(self, simulator: PlanonSimulator) -> None:
        self._simulator = simulator
        self.session = ""

    def call(self, operation: str, timeout_s: float = 30, **changes: str) -> requests.Response:
        """Send a request of that operation; `changes` are elements of a written document."""
        if operation == "incident":
            return self._post("/appsuite/incident", incident_document(**changes), timeout_s)
        service = SERVICES.get(operation, "Incident")
        name = "create" if operation == "note" else operation
        namespace = f"urn:planon:webservices:{NAMESPACES[service]}:1"
        arguments = self._arguments(operation, changes)
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<{name} xmlns="{namespace}">{arguments}</{name}></s:Body></s:Envelope>'
        )
        return self._post(f"/soap/{service}", envelope.encode(), timeout_s)

    def log_in(self) -> None:
        """Keep a new session for the calls that follow."""
        self.session = etree.fromstring(self.call("login").content).findtext(".//{*}return") or ""

    def _arguments(self, operation: str, changes: dict[str, str]) -> str:
        if operation == "login":
            return f"<args0>{self._simulator.account.user}</args0><args1>{self._simulator.account.password}</args1>"
        session = f"<args0>{self.session}</args0>"
        if operation == "note":
            parts = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in (NOTE | changes).items())
            return f'{session}<CommunicationLog xmlns="urn:planon:communicationlog:1">{parts}</CommunicationLog>'
        if operation == "find":
            wanted = "<fieldName>INCIDENT_NUMBER</fieldName><filterValue>INC-000001</filterValue>"
            filters = (
                f'<fieldFilters xmlns="urn:planon:webservices:1">{wanted}<operator>EQUALS</operator></fieldFilters>'
            )
            return f"{session}<args1>{filters}</args1>"
        return f"{session}<args1>1001</args1>" if operation == "read" else session

    def _post(self, path: str, body: bytes, timeout_s: float) -> requests.Response:
        account = self._simulator.account
        return requests.post(
            f"{self._simulator.url}{path}",
            data=body,
            auth=(account.user, account.password),
            headers={"Content-Type": "text/xml; charset=utf-8"},
            timeout=timeout_s,
        )


def until(true: Callable[[], Any], within_s: float = 30) -> Any:
    """Poll until something is true, and return it."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.01)
    pytest.fail(f"not true within {within_s} s")


def replicated(path: Path, columns: str = "incident_number, sla_due", timeout_s: float = 30) -> list[tuple[Any, ...]]:
    """Read incidents from the replica, numbers and due times unless told."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=timeout_s)) as database:
        return database.execute(f"SELECT {columns} FROM incident ORDER BY syscode").fetchall()  # noqa: S608
