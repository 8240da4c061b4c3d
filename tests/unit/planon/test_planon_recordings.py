"""Every recording of the repository is played to the adapter as it is now; nothing goes over a network."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import schemas
from adapters.planon import adapter, outcomes, records
from adapters.planon.mapping import PACKAGED
from shim.recording.mismatch import ReplayFailed
from shim.recording.recorded import Recording, dumped, load_recording, parsed
from shim.recording.replay import replay
from tests.integration.planon.recordings import CASES, FOLDER

FILES: Final = sorted(FOLDER.glob("*.json"), key=lambda file: file.stem)
REST_OF_INCIDENT: Final = '\nreference = "externalReference"\ntenant = "tenantId"\nreported_at = "reportedOn"'
"""Of the names of an incident's record, and of no note's."""
OPTIONS: Final = {
    "soap_url": "http://planon.invalid/soap",
    "appsuite_url": "http://planon.invalid/appsuite",
    "user": "nobody",
    "password": "nothing",
    "replica_url": "sqlite:///nowhere.sqlite",
}


def played(name: str, **options: object) -> None:
    replay(f"{name}.json", load_recording(FOLDER / f"{name}.json"), adapter, OPTIONS | options)


def refused(name: str, **options: object) -> str:
    with pytest.raises(ReplayFailed) as caught:
        played(name, **options)
    return str(caught.value)


def site_wsdl(folder: Path, old: str, new: str) -> Path:
    """A site's own WSDL, in which something is called differently."""
    text = schemas.path("wsdl/planon.wsdl").read_text(encoding="utf-8")
    assert old in text
    (folder / "log.xsd").write_bytes(schemas.path("xsd/planon/communication-log.xsd").read_bytes())
    changed = text.replace("../xsd/planon/communication-log.xsd", "log.xsd").replace(old, new)
    (folder / "site.wsdl").write_text(changed, encoding="utf-8")
    return folder / "site.wsdl"


def site_mapping(folder: Path, old: str, new: str) -> Path:
    """A site's own mapping, in which something is called differently."""
    text = PACKAGED.read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / "mapping.toml").write_text(text.replace(old, new), encoding="utf-8")
    return folder / "mapping.toml"


def changed(name: str, change: Callable[[str], str]) -> Recording:
    """A recording of a backend that answers differently."""
    file = FOLDER / f"{name}.json"
    return parsed(change(file.read_text(encoding="utf-8")), file.name)


def test_every_case_has_its_file() -> None:
    """A recording that is made is kept, and one that is kept can be made anew."""
    assert [file.stem for file in FILES] == sorted(CASES)


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_a_recording_gives_the_result_that_it_gave(name: str) -> None:
    """A parser, a mapping or a description that no longer fits is seen here."""
    played(name)


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_a_recording_is_written_as_it_was_read(name: str) -> None:
    """The file is what the code writes: nobody has edited it by hand."""
    file = FOLDER / f"{name}.json"
    assert dumped(load_recording(file)) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "get-incident",
            'name="priority"',
            'name="prioriteit"',
            (
                "recording get-incident.json, exchange 3 (Incident.read): the reply has the element priority, which "
                "the description does not know; it knows prioriteit, which the reply lacks"
            ),
        ),
        (
            "get-incident",
            'name="fieldName"',
            'name="field"',
            (
                "recording get-incident.json, after exchange 1 (PlanonSession.login): the adapter stops with "
                "ValidationError about field, find.args1.fieldFilters"
            ),
        ),
        (
            "log-note",
            'createResponse"',
            'createReply"',
            (
                "recording log-note.json, exchange 4 (CommunicationLog.create): the reply has the element "
                "createResponse, which the description does not know; it knows createReply, which the reply lacks"
            ),
        ),
    ],
)
def test_an_element_that_the_wsdl_calls_differently_is_named(
    tmp_path: Path, name: str, old: str, new: str, expected: str
) -> None:
    """With the exchange that it stands in, and the name that it seems to have had."""
    assert refused(name, wsdl=site_wsdl(tmp_path, old, new)).startswith(expected)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "get-incident",
            f'number = "incidentNumber"{REST_OF_INCIDENT}',
            f'number = "incidentNo"{REST_OF_INCIDENT}',
            (
                "recording get-incident.json, exchange 3 (Incident.read): the parser, or its mapping, reads "
                "incidentNo, which the reply lacks; it has incidentNumber"
            ),
        ),
        (
            "log-note",
            'by_number = "INCIDENT_NUMBER"',
            'by_number = "INCIDENT_NO"',
            (
                "recording log-note.json, exchange 2 (Incident.find): the text of find/args1/fieldFilters/fieldName in "
                "the request is another one than recorded"
            ),
        ),
        (
            "log-note",
            'INCIDENT_NUMBER = "incident"',
            'INCIDENT_NO = "incident"',
            "recording log-note.json: mapping: [note.elements] INCIDENT_NO is not an element of",
        ),
        (
            "create-incident",
            'description = "BO_DESCRIPTION"',
            'description = "BO_DESCRIPTON"',
            "recording create-incident.json: the result differs in sent.attention, sent.check_again_s, found.attention",
        ),
    ],
)
def test_an_element_that_the_mapping_calls_differently_is_named(
    tmp_path: Path, name: str, old: str, new: str, expected: str
) -> None:
    """Whether it is read, searched by, written or compared."""
    told = refused(name, mapping=site_mapping(tmp_path, old, new))
    assert told.startswith(expected)
    if "DESCRIPT" in old:
        assert "records.same.description: BO_DESCRIPTON is no element of an incident" in told


def test_an_element_that_a_parser_calls_differently_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the AppSuite endpoint's reply, and of a record."""
    with monkeypatch.context() as patched:
        patched.setattr(outcomes, "_NUMBER", "IncidentNo")
        told = refused("create-incident")
    expected = (
        "exchange 1 (AppSuite.incident): the reply has the element IncidentNumber, which the description does not "
        "know; it knows IncidentNo, which the reply lacks"
    )
    assert expected in told
    monkeypatch.setattr(records, "_note", lambda record, _: record.syscod)
    told = refused("get-incident")
    assert "exchange 3 (Incident.read): the parser, or its mapping, reads syscod, which the reply lacks; it has" in told
    assert told.endswith("it has syscode")


def test_an_element_that_the_backend_calls_differently_is_named() -> None:
    """As the recording of a new release of it shows."""
    recording = changed("get-incident", lambda text: text.replace("ns:tenantId>", "ns:tenantRef>"))
    with pytest.raises(
        ReplayFailed, match=r"the reply has the element tenantRef, .* it knows tenantId, which the reply"
    ):
        replay("x", recording, adapter, OPTIONS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"status": "reported"', '"status": "completed"', "the result differs in reply.status"),
        (
            "operator>EQUALS<",
            "operator>LIKE<",
            "the text of find/args1/fieldFilters/operator in the request is another one than recorded",
        ),
        ("urn:find", "urn:seek", "exchange 2 (Incident.find): the request's header SOAPAction is another one"),
        ('"Incident.read"', '"Incident.look"', "exchange 3 (Incident.look): Incident.read is asked for here now"),
        ('"status": 200', '"status": 404', "the result differs in"),
    ],
)
def test_what_else_differs_is_told_without_values(old: str, new: str, expected: str) -> None:
    """A result, a header, an operation, a status."""
    text = (FOLDER / "get-incident.json").read_text(encoding="utf-8")
    assert old in text
    recording = changed("get-incident", lambda text: text.replace(old, new))
    with pytest.raises(ReplayFailed) as caught:
        replay("x", recording, adapter, OPTIONS)
    assert expected in str(caught.value)
    values = {str(recording.request[name]) for name in ("tenant", "incident")}
    assert not any(value in str(caught.value) for value in (*values, "reported", "completed", "EQUALS", "LIKE"))


def test_an_exchange_that_is_not_asked_for_any_more_is_told() -> None:
    """A contract that asks less than it did is another one."""
    members: dict[str, Any] = json.loads((FOLDER / "get-incident.json").read_text(encoding="utf-8"))
    members["exchanges"].append(members["exchanges"][-1])
    with pytest.raises(ReplayFailed, match="1 of 4 exchanges are not asked for any more"):
        replay("x", parsed(json.dumps(members), "x"), adapter, OPTIONS)
    members["exchanges"] = members["exchanges"][:2]
    with pytest.raises(ReplayFailed, match=r"Incident\.read is asked for, and the recording has no exchange after"):
        replay("x", parsed(json.dumps(members), "x"), adapter, OPTIONS)
