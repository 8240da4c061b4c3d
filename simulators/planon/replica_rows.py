"""The replica's rows: an incident as it was at some moment, and the reference rows."""

from collections.abc import Iterator
from dataclasses import astuple
from typing import Final

from simulators.planon.entries import Incident
from simulators.planon.reference import PRIORITY_CODES, Reference

PUT_INCIDENT: Final = """
INSERT INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (syscode) DO UPDATE
SET status = excluded.status, sla_start = excluded.sla_start, sla_due = excluded.sla_due
"""
"""A new incident, or what may change in one that was copied before: its state and its clock."""


def incident_row(incident: Incident) -> tuple[object, ...]:
    """Return the values of `PUT_INCIDENT`."""
    fields = incident.fields
    return (
        incident.syscode,
        incident.number,
        fields.get("BO_EXTERNAL_REF"),
        fields.get("BO_TENANT_ID"),
        fields.get("BO_MANDANT"),
        fields.get("BO_CONTRACT"),
        incident.status,
        incident.priority,
        fields.get("BO_REPORT_DATE"),
        fields.get("BO_DESCRIPTION"),
        incident.sla_start,
        incident.sla_due,
        incident.committed_at.isoformat(),
    )


def reference_rows(reference: Reference) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Yield a statement and its rows for each table that is there from the start."""
    contracts = reference.contracts
    yield (
        "INSERT INTO contract VALUES (?, ?, ?, ?, ?)",
        [(c.contract_id, c.mandant, c.sla_id, c.cost_centre, c.category) for c in contracts],
    )
    yield (
        "INSERT INTO tenant VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [astuple(tenant) for tenant in reference.tenants],
    )
    yield (
        "INSERT INTO priority_matrix VALUES (?, ?, ?)",
        [(c.contract_id, severity, priority) for c in contracts for severity, priority in c.priorities.items()],
    )
    yield (
        "INSERT INTO priority_code VALUES (?, ?, ?)",
        [(mandant, *pair) for mandant, codes in PRIORITY_CODES.items() for pair in codes.items()],
    )
    yield (
        "INSERT INTO sla_window VALUES (?, ?, ?, ?)",
        [(*key, minutes) for key, minutes in reference.window_minutes.items()],
    )
    yield "INSERT INTO asset VALUES (?, ?, ?)", list(reference.assets())
