"""Real input: what people write reaches the backend's record character for character as it was composed."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.integration.shim.site import Site, minutes_ago
from tests.integration.shim.test_http_practice import certain_patients

MESSAGES = Path(__file__).parents[3] / "fixtures" / "messages"


def messages() -> list[dict[str, str]]:
    return [row for name in ("tenants", "patients") for row in json.loads((MESSAGES / f"{name}.json").read_bytes())]


BSNS = {
    "tenant-bsn-in-the-text": ["999993653", "9999.93.653"],
    "patient-bsn-from-the-card": ["9999 11 120", "555555021"],
    "patient-bsn-disguised": [
        "9999\u200b91723",
        "\uff19\uff19\uff19\uff19\uff19\uff11\uff17\uff12\uff13",
        "\u0669\u0669\u0669\u0669\u0669\u0661\u0667\u0662\u0663",
    ],
}
"""The sample BSNs as they stand in the messages; no other number in any message may be touched."""


def as_planon_stores(row: dict[str, str]) -> str:
    """What composition promises: a mark for a BSN, LF for line ends, a sign for what XML forbids, nothing else."""
    text = row["text"]
    for bsn in BSNS.get(row["name"], []):
        assert bsn in text
        text = text.replace(bsn, "[BSN]")
    text = re.sub(r"\r\n?", "\n", text)
    return "".join(visible(character) for character in text)


def visible(character: str) -> str:
    code = ord(character)
    if character in "\t\n":
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0x80 <= code < 0xA0 or code in (0xFFFE, 0xFFFF):
        return f"[U+{code:04X}]"
    return character


def as_the_practice_stores(text: str) -> str:
    """What composition promises for WIN1252: NFC, LF, and the code point of whatever the code page cannot hold."""
    text = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text))
    return "".join(
        c if c in "\t\n" or ((ord(c) >= 0xA0 or 0x20 <= ord(c) < 0x7F) and holds(c)) else f"[U+{ord(c):04X}]"
        for c in text
    )


def holds(character: str) -> bool:
    return character.encode("cp1252", "replace") != b"?" or character == "?"


@pytest.fixture(scope="module")
def all_messages() -> list[dict[str, str]]:
    found = messages()
    assert len(found) >= 60
    return found


def test_every_message_reaches_planon_whole(site: Site, all_messages: list[dict[str, str]]) -> None:
    """As an incident and as a note on it: the ledger's text is the composed text."""
    tenant = site.tenant()
    sent: list[tuple[dict[str, str], dict[str, Any], dict[str, Any]]] = []
    for row in all_messages:
        report = site.report(
            tenant, message=row["text"], summary=row.get("summary", "Bericht"), severity=row.get("severity", "low")
        )
        incident = site.post("/v1/planon/create_incident", report, Prefer="wait=0")
        assert incident.status_code in (201, 202), (row["name"], incident.text)
        body = {
            "tenant": tenant,
            "delivery": incident.json()["delivery"],
            "text": row["text"],
            "reported_at": minutes_ago(3),
        }
        note = site.post("/v1/planon/log_note", body, Prefer="wait=0")
        assert note.status_code in (201, 202), (row["name"], note.text)
        sent.append((row, incident.json(), note.json()))
    for row, reported, noted in sent:
        number = site.delivered(reported["delivery"])["incident"]
        site.delivered(noted["delivery"])
        (record,) = [r for r in site.control.incidents() if r["incident_number"] == number]
        stored = as_planon_stores(row)
        assert record["description"] == f"{row.get('summary', 'Bericht')}\n\nVerbatim:\n{stored}", row["name"]
        (written,) = [r for r in site.control.notes() if r["incident_number"] == number]
        assert written["text"] == stored, row["name"]


def test_every_message_reaches_the_practice_whole(site: Site, all_messages: list[dict[str, str]]) -> None:
    """As a note in the journal: what WIN1252 can hold stays, the rest is named by its code point."""
    ((patient, _),) = certain_patients(site, 1)
    for row in all_messages:
        body = {"patient": patient, "text": row["text"], "reported_at": minutes_ago(3)}
        answer = site.post("/v1/intramed/log_note", body)
        assert answer.status_code == 201, (row["name"], answer.text)
        ((text,),) = site.query("select J.TEKST from JOURNAAL J where J.NUMMER = ?", int(answer.json()["note"]))
        assert text == as_the_practice_stores(row["text"]), row["name"]
