"""A drift report says what has changed in the shape of a backend's answers, and no value."""

import json
from pathlib import Path
from typing import Final

import pytest

from contracts.snapshots import SnapshotRefused
from shim.recording import drift, is_recording
from tests.integration.planon.recordings import FOLDER

FILE: Final = FOLDER / "get-incident.json"


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """A recording of a backend that answers differently."""
    text = FILE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    json.loads(text)
    (folder / "later.json").write_text(text, encoding="utf-8")
    return folder / "later.json"


def test_a_recording_does_not_differ_from_itself() -> None:
    """Nor from another call of the same contract, whose values are others."""
    assert not drift(FILE, FILE)
    assert drift(FILE, FILE).as_json() == {"differs": False, "differences": [], "notes": []}


READ: Final = "Incident.read reply: readResponse/return"
STATUS: Final = '"<ns:status>Reported</ns:status>",'


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("ns:priority>", "ns:prio>", f"{READ}/priority: only in the first (integer, once)"),
        ("ns:priority>", "ns:prio>", f"{READ}/prio: only in the second (integer, once)"),
        ("<ns:priority>2<", "<ns:priority>high<", f"{READ}/priority: was integer, is text of up to 40"),
        ("<ns:priority>2<", "<ns:priority><", f"{READ}/priority: was integer, is empty"),
        (STATUS, "", f"{READ}/status: only in the first"),
        (STATUS, STATUS * 2, f"{READ}/status: was there once, is there several times"),
        (
            "+01:00</ns:slaDue>",
            "</ns:slaDue>",
            f"{READ}/slaDue: was date-time with an offset, is date-time wit",
        ),
        (
            "incident:1",
            "incident:2",
            f"{READ}/priority: was in the namespace urn:planon:webservices:incident:1, is in urn:planon:w",
        ),
        ('"status": 200', '"status": 203', "Incident.read reply: (HTTP status): was 200, is 203"),
        (
            "text/xml; charset=utf-8",
            "text/xml",
            "Incident.read reply: (Content-Type): was text/xml; charset=utf-8, is te",
        ),
    ],
)
def test_a_change_of_shape_is_named(tmp_path: Path, old: str, new: str, line: str) -> None:
    """By operation and path, with what it was and what it is."""
    found = drift(FILE, changed(tmp_path, (old, new)))
    assert found
    assert any(line in told for told in found.lines), found.lines


def test_values_are_no_drift_and_are_not_shown(tmp_path: Path) -> None:
    """Another incident of the same shape is the same shape, and a changed element tells its type alone."""
    other = changed(tmp_path, ("<ns:status>Reported<", "<ns:status>Resolved<"))
    assert not drift(FILE, other)
    renamed = drift(FILE, changed(tmp_path, ("ns:description>", "ns:text>")))
    text = json.loads(FILE.read_text(encoding="utf-8"))["exchanges"][2]["answered"]["body"]
    description = next(line for line in text if line.startswith("<ns:description>"))
    assert description[16:40] not in " ".join(renamed.lines)


def test_two_contracts_are_compared_with_a_note() -> None:
    """What both ask is compared; what only one asks is named."""
    found = drift(FILE, FOLDER / "log-note.json")
    assert found.notes == ("the recordings are of two contracts: get_incident and log_note",)
    assert "CommunicationLog.create request: only in the second" in found.lines
    assert not any(line.startswith("Incident.read") for line in found.lines)


def test_a_fault_is_another_shape_than_a_reply() -> None:
    """A session that had ended shows as a fault beside the replies."""
    found = drift(FILE, FOLDER / "get-incident-session-renewed.json")
    assert found.lines == ("Incident.find fault: only in the second",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no JSON", "is no JSON"),
        ("{}", "is not a recording"),
        ('{"kind": "legacy-shim recording", "format": 9}', "has format 9"),
        ('{"kind": "legacy-shim recording", "format": 1}', "broken"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """In one line."""
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SnapshotRefused, match=why):
        drift(FILE, file)
    assert is_recording(FILE)
    assert is_recording(file) == ("legacy-shim" in text)
