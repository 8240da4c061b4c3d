"""Golden files of composed documents: what goes in as JSON, what comes out as bytes.

`python -m tests.unit.planon.golden` writes them anew; fixtures/snapshots/planon/README.md says what a change means.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapters.planon.compose import compose_incident, mandant_of
from adapters.planon.documents import Documents
from adapters.planon.notes import compose_note
from adapters.planon.reference import AssetRow, Reference
from contracts.delivery import Document, Source
from contracts.facility import CreateIncidentRequest, FacilityNoteRequest
from tests.unit.planon.planon_rows import FORMS

FOLDER: Final = Path(__file__).parents[3] / "fixtures" / "snapshots" / "planon"
INPUT: Final = ".input.json"
NAMES: Final = sorted(file.name.removesuffix(INPUT) for file in FOLDER.glob(f"*{INPUT}"))

_DOCUMENTS: Final = Documents(FORMS)


def expected_files(name: str) -> dict[str, bytes]:
    """Return every file that one input gives, by its name."""
    document = _composed(json.loads((FOLDER / f"{name}{INPUT}").read_bytes()))
    told = {**_told(document), "follow_ons": [_told(rest.document) for rest in document.follow_ons]}
    explained = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    return {f"{name}.provenance.json": explained.encode(), **dict(_bodies(name, document))}


def _composed(given: Mapping[str, Any]) -> Document:
    zone = ZoneInfo(given["zone"])
    if given["contract"] == "log_note":
        note = FacilityNoteRequest.model_validate(given["request"])
        return _DOCUMENTS.note(compose_note(note, given["reference"], given["telephones"], FORMS.note, zone), note)
    request = CreateIncidentRequest.model_validate(given["request"])
    rows, asset = Reference(**_read(given["rows"])), given["asset"] and AssetRow(**_read(given["asset"]))
    composed = compose_incident(request, given["reference"], rows, asset, FORMS, zone)
    return _DOCUMENTS.incident(composed, mandant_of(rows), request)


def _read(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {**rows, "read_at": datetime.fromisoformat(rows["read_at"])}


def _told(document: Document) -> dict[str, Any]:
    return {
        "reported_at": document.reported_at.isoformat(),
        "slot": document.slot.decode() if document.slot else None,
        "provenance": [_source(source) for source in document.provenance],
    }


def _source(source: Source) -> dict[str, str | None]:
    return {"element": source.element, "value": source.value, "rule": source.rule, "origin": source.origin}


def _bodies(name: str, document: Document) -> Iterator[tuple[str, bytes]]:
    yield f"{name}.xml", document.body
    for rest in document.follow_ons:
        yield f"{name}{rest.reference.removeprefix(_reference(name))}.xml", rest.document.body


def _reference(name: str) -> str:
    return str(json.loads((FOLDER / f"{name}{INPUT}").read_bytes())["reference"])


def main() -> None:
    """Write every golden file anew."""
    for name in NAMES:
        for file, content in expected_files(name).items():
            (FOLDER / file).write_bytes(content)


if __name__ == "__main__":
    main()
