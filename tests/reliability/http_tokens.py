"""Puts real tokens, numbers and times into the document's examples: a request that is made from them succeeds."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import requests

from contracts import examples

TENANT = "06-12345678"
PATIENT = "06-10001001"


def with_real_tokens(document: Mapping[str, Any], address: str, key: str) -> Any:
    """Return the document with what this service has issued to this client in place of what is invented."""
    text = json.dumps(document)
    for invented, real in issued(address, key).items():
        text = text.replace(invented, real)
    return json.loads(text)


def issued(address: str, key: str) -> dict[str, str]:
    """Return what stands for each invented token, number and time of the examples: the demo's tenant and patient."""

    def ask(path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid4()), "Prefer": "wait=30"}
        answer = requests.post(f"{address}/v1/{path}", json=body, headers=headers, timeout=60)
        assert answer.ok, (path, answer.text)
        return answer.json()

    now = datetime.now(UTC)
    tenant = ask("planon/find_tenant", telephone=TENANT)["tenant"]
    patient = ask("intramed/find_patient", telephone=PATIENT)["patient"]
    window = {"starts_from": _told(now + timedelta(days=1)), "starts_before": _told(now + timedelta(days=40))}
    slots = ask("intramed/list_slots", **window, limit=3)["slots"]
    held = [ask("intramed/hold_slot", slot=slot["slot"], patient=patient)["hold"] for slot in slots[:2]]
    appointment = ask("intramed/confirm", hold=held[0], patient=patient)["appointment"]
    sent = _told(now - timedelta(minutes=30))
    report = {**_example("facility_create_incident", "leaking-tap"), "tenant": tenant, "reported_at": sent}
    incident = ask("planon/create_incident", **report)
    return {
        _example("facility_create_incident", "leaking-tap")["tenant"]: tenant,
        _example("practice_hold_slot", "hold")["patient"]: patient,
        _example("practice_hold_slot", "hold")["slot"]: slots[2]["slot"],
        _example("practice_confirm", "book")["hold"]: held[1],
        _example("practice_cancel", "cancel")["appointment"]: appointment,
        _example("facility_log_note", "by-delivery")["delivery"]: incident["delivery"],
        "TN_AbT3kQ": tenant,
        "PT_AbT3kQ": patient,
        "SL_AbT3kQ": slots[2]["slot"],
        "HD_AbT3kQ": held[1],
        "AP_AbT3kQ": appointment,
        "INC-000482": incident["incident"],
        "2026-11-19T22:14:03+01:00": sent,
        "2026-11-19T22:31:40+01:00": _told(now - timedelta(minutes=10)),
        "2026-11-23T08:00:00+01:00": window["starts_from"],
        "2026-11-28T00:00:00+01:00": window["starts_before"],
        "2026-12-23T08:00:00+01:00": window["starts_before"],
    }


def _example(operation: str, name: str) -> dict[str, Any]:
    (found,) = [example.value for example in examples.OF[operation].requests if example.name == name]
    return dict(found)


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
