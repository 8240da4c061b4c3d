import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import schemas
from adapters.planon.compose import mandant_of
from adapters.planon.documents import Documents
from adapters.planon.fingerprints import fingerprints
from adapters.planon.forms import load_forms
from adapters.planon.mapping import PACKAGED, load_mapping
from adapters.planon.notes import compose_note
from contracts.facility import FacilityNoteRequest
from tests.unit.planon.planon_rows import COLUMNS, FORMS, REFERENCE, ZONE, compose, request_of, rows_of

WSDL = schemas.path("wsdl/planon.wsdl")


def prints(folder: Path, change: Callable[[Path], None] = lambda _folder: None) -> dict[str, str]:
    """Return the fingerprints of a copy of the shipped files, which may be changed first."""
    shutil.copytree(schemas.path("xsd/PROVENANCE.md").parent, folder / "xsd")
    shutil.copy(PACKAGED, folder / "mapping.toml")
    shutil.copy(WSDL, folder / "planon.wsdl")
    change(folder)
    forms = load_forms(load_mapping(folder / "mapping.toml"), folder / "mapping.toml", folder / "xsd", COLUMNS)
    return fingerprints(forms, folder / "mapping.toml", folder / "planon.wsdl")


def touched(file: str) -> Callable[[Path], None]:
    """Add a line at the end, which changes what a file is and nothing of what it says."""

    def touch(folder: Path) -> None:
        comment = "# changed\n" if file.endswith(".toml") else "<!-- changed -->\n"
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write(comment)

    return touch


def test_another_folder_is_no_other_schema(tmp_path: Path) -> None:
    """Only what is in the files counts, so that moving a site's folder parks nothing."""
    shipped = fingerprints(FORMS, None, WSDL)
    assert prints(tmp_path) == shipped
    assert shipped["incident"] != shipped["note"]


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        ("mapping.toml", {"incident", "note"}),
        ("xsd/appsuite/incident.xsd", {"incident"}),
        ("planon.wsdl", {"note"}),
    ],
)
def test_a_change_is_seen(tmp_path: Path, file: str, kinds: set[str]) -> None:
    """By the kinds of document that it is about, and by no other."""
    shipped, changed = fingerprints(FORMS, None, WSDL), prints(tmp_path, touched(file))
    assert {kind for kind in shipped if shipped[kind] != changed[kind]} == kinds


def test_every_schema_of_a_document_counts(tmp_path: Path) -> None:
    """The vendor's, and each mandant's profile."""
    shipped = fingerprints(FORMS, None, WSDL)
    files = {path for form in FORMS.incidents.values() for path in form.schemas}
    assert len(files) > 2
    root = schemas.path("xsd/PROVENANCE.md").parent
    for number, path in enumerate(sorted(files)):
        folder = tmp_path / str(number)
        folder.mkdir()
        changed = prints(folder, touched(f"xsd/{path.relative_to(root)}"))
        assert changed["incident"] != shipped["incident"], path


def test_a_document_carries_its_fingerprint() -> None:
    """An incident, a note, and what either could not hold."""
    documents = Documents(FORMS, {"incident": "of incidents", "note": "of notes"})
    long = "\x85" * 2000  # written as eight characters each
    request = request_of("WBV", message=long)
    rows = rows_of("WBV")
    composed = compose(request, rows)
    incident = documents.incident(composed, mandant_of(rows), request)
    asked = FacilityNoteRequest.model_validate(
        {"tenant": "TNT-WBV", "text": long, "reported_at": "2026-11-19T21:14:03Z", "incident": "INC-000482"}
    )
    note = documents.note(compose_note(asked, REFERENCE, (), FORMS.note, ZONE), asked)
    assert (incident.fingerprint, note.fingerprint) == ("of incidents", "of notes")
    rest = [follow_on.document.fingerprint for follow_on in (*incident.follow_ons, *note.follow_ons)]
    assert set(rest) == {"of notes"}
