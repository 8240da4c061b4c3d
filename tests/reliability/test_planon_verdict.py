"""The campaign's judge is judged: each thing that can go wrong is seen, and nothing is seen where nothing is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.reliability.planon_told import Record, Told
from tests.reliability.planon_verdict import as_json, judge

REPORTED_AT = datetime(2026, 11, 19, 21, 14, 3, 900_000, UTC)
INCIDENT = Told("melding 1", "dl_1", REPORTED_AT, "kraan lekt en het water loopt")
FIRST, SECOND = (Told(f"melding 1 notitie {n}", f"dl_{n}", REPORTED_AT, f"erger {n}", "melding 1") for n in (2, 3))


def written(
    reference: str, name: str, text: str, after_s: int, reported_at: datetime = REPORTED_AT, **more: Any
) -> dict[str, Any]:
    return {
        "external_ref": reference,
        "incident_number": "INC-1",
        "reported_at": reported_at.replace(microsecond=0).isoformat(),
        "committed_at": (REPORTED_AT + timedelta(seconds=after_s)).isoformat(),
        name: text,
        **more,
    }


def ledger() -> dict[str, list[dict[str, Any]]]:
    incident = "melding 1\n\nVerbatim:\nkraan lekt en "
    about: dict[str, Any] = {"tenant_id": "TNT-1", "sla_due": "2026-11-20T06:14:03+01:00"}
    return {
        "incidents": [written("LS-A", "description", incident, 1, **about)],
        "notes": [
            written("LS-A-2", "text", "(vervolg 2/2)\nhet water loopt", 2),
            written("LS-B", "text", "melding 1 notitie 2\nerger 2", 3),
            written("LS-C", "text", "melding 1 notitie 3\nerger 3", 4),
        ],
    }


def record() -> Record:
    told = Record()
    for write in (INCIDENT, FIRST, SECOND):
        told.add(write)
    return told


def ends(attention: str | None = None, state: str = "delivered") -> dict[str, dict[str, Any]]:
    return {
        told.delivery: {"state": state, "attention": attention, "held_back": False, "rest_held_back": False}
        for told in (INCIDENT, FIRST, SECOND)
    }


def wrong(found: dict[str, list[dict[str, Any]]], attention: str | None = None) -> dict[str, int]:
    judged = judge(record(), found, ends(attention))
    verdict = as_json(judged.verdict)
    assert verdict.pop("accepted") == 1
    assert len(judged.wrong) == sum(verdict.values())
    return {name: count for name, count in verdict.items() if count}


def test_a_faultless_ledger_is_not_blamed() -> None:
    """A text in two parts is whole, and a report time without its fraction is unchanged."""
    assert wrong(ledger()) == {}


def test_what_is_missing_is_lost() -> None:
    """An incident with its notes, one note, or the rest of a text."""
    assert wrong({"incidents": [], "notes": []}) == {"lost": 3}
    for lacking in range(3):
        found = ledger()
        del found["notes"][lacking]
        assert wrong(found) == {"lost": 1}


def test_a_cut_text_is_lost_unless_somebody_is_told() -> None:
    """What Planon kept to itself is no loss when the delivery says that the record differs."""
    found = ledger()
    found["incidents"][0]["description"] = "melding 1\n\nVerbatim:\nkra"
    assert wrong(found) == {"lost": 1}
    assert wrong(found, "sla_missing") == {"lost": 1}
    assert wrong(found, "record_differs") == wrong(found, "sla_unverified") == {}


@pytest.mark.parametrize("kind", ["incidents", "notes"])
def test_what_is_there_twice_is_a_duplicate(kind: str) -> None:
    """The same reference, or another one with the same words."""
    found = ledger()
    found[kind].append(found[kind][-1])
    assert wrong(found)["duplicates"] >= 1
    found = ledger()
    found[kind].append(found[kind][-1] | {"external_ref": "LS-D"})
    assert wrong(found)["duplicates"] == 1


@pytest.mark.parametrize("kind", ["incidents", "notes"])
def test_another_report_time_is_a_change(kind: str) -> None:
    """By a single second."""
    found = ledger()
    found[kind][-1]["reported_at"] = (REPORTED_AT + timedelta(seconds=1)).replace(microsecond=0).isoformat()
    assert wrong(found) == {"report_time_changed": 1}


def test_notes_in_another_order_violate_it() -> None:
    """Of one incident; and so does a note before its incident."""
    found = ledger()
    found["notes"][1:] = reversed(found["notes"][1:])
    assert wrong(found) == {"order_violations": 1}
    found = ledger()
    found["notes"][0]["committed_at"] = REPORTED_AT.isoformat()
    assert wrong(found) == {"order_violations": 1}


def test_a_clock_that_stands_still_must_be_told() -> None:
    """Each of the attention codes tells it; none does not."""
    found = ledger()
    found["incidents"][0]["sla_due"] = None
    assert wrong(found) == {"sla_missing_unnoticed": 1}
    for attention in ("sla_missing", "sla_unverified", "record_differs"):
        assert wrong(found, attention) == {}


def test_a_note_behind_an_incident_without_a_tenant_is_held_back() -> None:
    """It was refused, and that was told; or it waits behind what a person must look at. Any other is lost."""
    found = ledger()
    found["incidents"][0]["tenant_id"] = None
    del found["notes"][2]
    told = ends("record_differs")
    told[SECOND.delivery]["state"] = "rejected"
    judged = judge(record(), found, told)
    assert (judged.wrong, judged.held_back) == ([], 1)
    found["incidents"][0]["tenant_id"] = "TNT-1"
    assert judge(record(), found, told).verdict.lost == 1
    told[SECOND.delivery] |= {"state": "waiting", "held_back": True}
    assert judge(record(), found, told).held_back == 1
    assert wrong(found) == {"lost": 1}


def test_the_rest_of_a_text_may_be_held_back() -> None:
    """It is a delivery of its own, and somebody is told about that."""
    found = ledger()
    del found["notes"][0]
    told = ends()
    told[INCIDENT.delivery]["rest_held_back"] = True
    judged = judge(record(), found, told)
    assert (judged.wrong, judged.held_back) == ([], 1)


def test_one_write_has_one_delivery() -> None:
    """A repeat that was given another is reported."""
    told = record()
    told.add(replace(INCIDENT, delivery="dl_9"))
    assert judge(told, ledger(), ends()).wrong == ["melding 1 was dl_1 and is dl_9 now"]
