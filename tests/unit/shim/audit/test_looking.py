"""Rows are found by what they are about, and exported so that another system understands them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from outbox.carrying.tables import snapshot
from outbox.entry import to_ms
from shim.audit.exporting import FIELDS, exported
from shim.audit.fhir import audit_event
from shim.audit.searching import Wanted, found
from shim.audit.subjects import Subjects, named_subject
from shim.keys import KeyRing
from tests.unit.shim.audit.record import Record, asked

DOCS = Path(__file__).parents[4] / "docs" / "audit.md"


def test_a_person_is_the_same_for_everybody() -> None:
    """And another one in another system, of another kind, or under another key of the ring."""
    old, new = KeyRing(bytes(32)), KeyRing(bytes([1]) * 32)
    subject, key = Subjects(old)("intramed", "patient", "1234")
    assert Subjects(old)("intramed", "patient", "1234") == (subject, key)
    others = {
        Subjects(ring)(*parts)[0]
        for ring, parts in (
            (old, ("intramed", "patient", "1235")),
            (old, ("intramed", "tenant", "1234")),
            (old, ("breda", "patient", "1234")),
            (new, ("intramed", "patient", "1234")),
        )
    }
    assert len(others - {subject}) == 4
    assert key == old.current
    assert "1234" not in subject


def test_a_person_is_found_after_a_rotation() -> None:
    """Under every key that the ring has, and those that were retired."""
    old = KeyRing(bytes(32))
    before, old_key = Subjects(old)("intramed", "patient", "1234")
    both = Subjects(KeyRing(bytes([1]) * 32, bytes(32)))
    assert both("intramed", "patient", "1234")[0] != before
    assert before in both.all_of("intramed", "patient", "1234")
    retired = KeyRing(bytes([1]) * 32, subjects={old_key: old.derive("audit-subject")})
    assert before in Subjects(retired).all_of("intramed", "patient", "1234")


@pytest.mark.parametrize("kind", ["PT", "patient", "Patient"])
def test_a_person_is_typed(kind: str) -> None:
    """By the word, or by what stands before a token; a key may have colons in it."""
    assert named_subject(f"intramed:{kind}:12:34") == ("intramed", "PT", "12:34")


@pytest.mark.parametrize("text", ["", "1234", "intramed:1234", "intramed::1234", "intramed:PT:"])
def test_what_names_nobody(text: str) -> None:
    """It is refused, so that nobody believes that nothing was found."""
    with pytest.raises(ValueError, match="SYSTEM:KIND:KEY"):
        named_subject(text)


@pytest.fixture
def varied(audit: Record) -> Record:
    log = audit.log()
    for values in (
        {"client": "agent"},
        {"client": "planner", "system": "planon", "subject": "ef" * 16},
        {"client": "planner", "contract": "list_upcoming", "on_behalf_of": "j.bakker"},
        {"client": "agent", "outcome": "not-found", "status": 404},
    ):
        log.write(asked(**values))
        audit.clock.forward(hours=1)
    return audit


@pytest.mark.parametrize(
    ("wanted", "which"),
    [
        ({}, [0, 1, 2, 3]),
        ({"client": "planner"}, [1, 2]),
        ({"subjects": ["ef" * 16]}, [1]),
        ({"subjects": ["ab" * 16, "ef" * 16], "client": "agent"}, [0, 3]),
        ({"subjects": ["00" * 16]}, []),
        ({"system": "planon"}, [1]),
        ({"contract": "list_upcoming"}, [2]),
        ({"outcome": "not-found"}, [3]),
        ({"on_behalf_of": "j.bakker"}, [2]),
        ({"since": 1}, [1, 2, 3]),
        ({"until": 1}, [0]),
        ({"since": 1, "until": 3}, [1, 2]),
        ({"client": "' OR 1 = 1 --"}, []),
    ],
)
def test_what_is_looked_for_is_found(varied: Record, wanted: dict[str, Any], which: list[int]) -> None:
    """In the order of time; every condition holds."""
    everything = varied.rows()
    begin = everything[0]["at"]
    for name in {"since", "until"} & wanted.keys():
        wanted = {**wanted, name: begin + wanted[name] * 3_600_000}
    rows = found(varied.database, Wanted(**wanted))
    assert [row["n"] - 1 for row in rows] == which


def test_the_newest_are_found_first(varied: Record) -> None:
    """One more than wanted tells that there are more."""
    assert [row["n"] for row in found(varied.database, Wanted(limit=2))] == [2, 3, 4]


def lines(audit: Record, since: int = 0) -> list[dict[str, Any]]:
    with snapshot(audit.database) as tx:
        return list(exported(tx, since))


def test_an_export_has_every_row_once(varied: Record) -> None:
    """In the order of time, from a moment on, over more than a page."""
    log = varied.log()
    for _ in range(6):
        log.write(*[asked() for _ in range(100)])
    assert [line["id"] for line in lines(varied)] == [
        f"{row['chain']}-{row['n']}"
        for row in sorted(varied.rows(), key=lambda row: (row["at"], row["chain"], row["n"]))
    ]
    assert len(lines(varied, to_ms(varied.clock()))) == 600


def at(event: dict[str, Any], path: str) -> object:
    """Follow a path of the mapping through a resource; None where it leads nowhere."""
    here: Any = event
    for step in path.split(".")[1:]:
        name, _, which = step.partition("[")
        here = here.get(name)
        if here is None:
            return None
        if which:
            chosen = which.rstrip("]")
            here = next((one for one in here if chosen in _names(one)), None)
            if here is None:
                return None
    return here


def _names(part: dict[str, Any]) -> set[object]:
    return {part.get("name"), part.get("type") if isinstance(part.get("type"), str) else None} | {
        str(part.get("system", "")).rpartition(":")[2],
        "purpose" if "text" in part else None,
    }


def test_each_field_has_one_place_in_fhir(varied: Record) -> None:
    """Following the mapping through the resource gives every value back, of full rows and of bare ones."""
    varied.log().write(
        asked(actor="beheer", outcome="ok", status=200),
        asked(**dict.fromkeys(("client", "on_behalf_of", "system", "contract", "subject", "subject_key", "purpose"))),
    )
    assert len({field.fhir for field in FIELDS}) == len(FIELDS)
    for line in lines(varied):
        event = json.loads(json.dumps(audit_event(line, "tilburg")))
        back = {field.name: at(event, field.fhir) for field in FIELDS}
        assert back == {name: str(value) if name == "status" and value else value for name, value in line.items()}


def test_a_resource_has_what_fhir_demands(varied: Record) -> None:
    """Elements that must be there, with one requestor at most, and outcomes of its own code."""
    for line in lines(varied):
        event = audit_event(line, "tilburg")
        assert {"type", "recorded", "agent", "source"} <= event.keys()
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", event["id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", event["recorded"])
        assert sum(agent["requestor"] for agent in event["agent"]) == 1
        assert event["outcome"] == ("4" if line["status"] == 404 else "0")


def test_the_docs_have_the_same_mapping() -> None:
    """Field for field, in the same order."""
    rows = re.findall(r"^\| `(\w+)` \| `(AuditEvent[^`]*)` \| ([^|]+) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert rows == [(field.name, field.fhir, field.answers) for field in FIELDS]
