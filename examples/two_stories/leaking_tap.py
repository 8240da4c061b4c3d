"""22:14, a tap leaks: the incident must exist in Planon with its SLA clock running, whatever Planon does meanwhile."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from requests import codes

from examples.two_stories.stage import Answer, Stage
from examples.two_stories.transcript import answered, fact, say, scene, show
from simulators.planon.reference import reference

_ZONE = ZoneInfo("Europe/Amsterdam")


def play(stage: Stage) -> None:
    """Play the story."""
    tenant = _identify(stage)
    _report(stage, tenant)
    _outage(stage, tenant)
    _lost_and_late(stage, tenant)


def _identify(stage: Stage) -> str:
    scene("A tenant in Tilburg writes: “kraan in keuken lekt, water staat al op de vloer”")
    row = reference().tenants[0]
    answer = stage.call("planon", "find_tenant", {"telephone": row.telephone})
    answered(
        f"find_tenant by the telephone {row.telephone} is {answer.body['match']}", answer.body.get("match") == "certain"
    )
    say(f"the agent gets the token {answer.body['tenant'][:24]}… and no key, name or address")
    tenant: str = answer.body["tenant"]
    return tenant


def _report(stage: Stage, tenant: str) -> None:
    reported_at = _minutes_ago(96)
    answer = _create(stage, tenant, "Kraan in keuken lekt, water staat op de vloer", reported_at, "high", wait_s=10)
    answered(
        f"create_incident answers {answer.status} with number {answer.body.get('incident')}",
        answer.status == codes.created,
        answer,
    )
    record = _only_record(stage, answer.body["incident"])
    sla = answer.body["sla"]
    fact(
        f"Planon's record was reported at {record['reported_at']}, as the message says",
        _same(record["reported_at"], reported_at),
    )
    due = record["sla_due"]
    fact(
        f"Planon's SLA clock runs: due {due}",
        due is not None and _same(due, datetime.fromisoformat(sla["due_at"])),
        record,
    )
    fact(
        "the tenant's words are in it, word for word",
        "kraan in keuken lekt, water staat al op de vloer" in record["description"],
    )


def _outage(stage: Stage, tenant: str) -> None:
    scene("Planon goes down, then its replica too")
    stage.planon.apply(down=True)
    first_at = _minutes_ago(71)
    first = _create(stage, tenant, "Radiator op de overloop lekt", first_at, "normal", wait_s=0)
    answered(
        f"the next report gets {first.status}; come back in {first.headers.get('Retry-After')} s",
        first.status == codes.accepted,
        first,
    )
    note_at = _minutes_ago(65)
    note = stage.call(
        "planon",
        "log_note",
        {
            "tenant": tenant,
            "delivery": first.body["delivery"],
            "text": "Emmer staat eronder, sleutel ligt bij de buren op 16.",
            "reported_at": note_at.isoformat(),
        },
        wait_s=0,
    )
    answered(
        f"a note on the incident that has no number yet gets {note.status}: {note.body.get('state')}",
        note.status == codes.accepted,
        note,
    )
    stage.planon.apply(replica_down=True)
    second_at = _minutes_ago(58)
    second = _create(stage, tenant, "Buitenlamp bij de voordeur is kapot", second_at, "low", wait_s=0)
    answered(
        f"with the replica down too, the next report gets {second.status}", second.status == codes.accepted, second
    )

    say("the administrator looks:  shim outbox status")
    show(stage.command("outbox", "status"))
    before = len(stage.planon.incidents())
    stage.planon.apply(down=False, replica_down=False)
    scene("Planon is back")
    say("the administrator types:  shim outbox drain")
    show(stage.command("outbox", "drain"))
    reports = ((first, first_at), (second, second_at))
    for answer, reported_at in reports:
        delivered = stage.await_end(answer.body["delivery"])
        record = _only_record(stage, delivered["incident"])
        claim = (
            f"{delivered['incident']}: report time in Planon {record['reported_at']} is the message's, to the second"
        )
        fact(claim, _same(record["reported_at"], reported_at), record)
        fact(f"{delivered['incident']}: the SLA clock runs, due {record['sla_due']}", record["sla_due"] is not None)
    fact("two reports became two incidents", len(stage.planon.incidents()) == before + len(reports))
    logged = stage.await_end(note.body["delivery"])
    (written,) = [row for row in stage.planon.notes() if str(row["syscode"]) == logged["note"]]
    number = stage.delivery(first.body["delivery"])["incident"]
    fact(f"the note stands under {number}, reported at {written['reported_at']}", written["incident_number"] == number)
    fact("its report time is the message's", _same(written["reported_at"], note_at), written)


def _lost_and_late(stage: Stage, tenant: str) -> None:
    scene("Planon commits, and the reply is lost; then it commits two seconds after the time-out")
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("the reply was lost after the commit", "Deurbel doet het niet", {"lose_reply": 1}),
        ("the commit came after the time-out", "Kozijn klemt", {"commit_late": {"times": 1, "after_s": 2.0}}),
    ]
    for what, summary, scenario in cases:
        stage.planon.apply(**scenario)
        reported_at = _minutes_ago(30)
        answer = _create(stage, tenant, summary, reported_at, "low", wait_s=0)
        delivered = stage.await_end(answer.body["delivery"])
        records = [row for row in stage.planon.incidents() if row["description"].startswith(summary)]
        fact(f"{what}: exactly one incident, {delivered['incident']}", len(records) == 1, len(records))
        fact("its report time is the message's", _same(records[0]["reported_at"], reported_at), records[0])
        attempts = stage.command("explain", delivered["delivery"], "--json")
        say("attempts: " + ", then ".join(_attempts(attempts)))


def _attempts(shown: str) -> list[str]:
    return [f"{a['action']} ({a['outcome']})" for a in json.loads(shown)["attempts"]]


def _create(stage: Stage, tenant: str, summary: str, reported_at: datetime, severity: str, *, wait_s: int) -> Answer:
    body = {
        "tenant": tenant,
        "severity": severity,
        "summary": summary,
        "message": "kraan in keuken lekt, water staat al op de vloer",
        "reported_at": reported_at.isoformat(),
    }
    return stage.call("planon", "create_incident", body, wait_s=wait_s)


def _only_record(stage: Stage, number: str) -> dict[str, Any]:
    records = [row for row in stage.planon.incidents() if row["incident_number"] == number]
    fact(f"Planon has {number} exactly once", len(records) == 1, len(records))
    return records[0]


def _minutes_ago(minutes: int) -> datetime:
    return (datetime.now(_ZONE) - timedelta(minutes=minutes)).replace(microsecond=0)


def _same(text: str, moment: datetime) -> bool:
    return datetime.fromisoformat(text) == moment
