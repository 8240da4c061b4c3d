"""An attempt of the outbox is one observation under its request's trace."""

from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from contracts.spans import Phase, span
from outbox.database import open_database
from outbox.entry import Entry
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from shim.telemetry.delivering import Deliveries
from shim.telemetry.observation import Observation, current
from shim.telemetry.tracing import Tracing
from tests.unit.outbox.stand_ins import TRACEPARENT, Clock, accept


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    clock = Clock()
    database = open_database(tmp_path / "state.db", [PACKAGE])
    accepted = accept(Outbox(database, RestCipher(bytes(32)), clock))
    database.close()
    return accepted


def test_an_attempt_is_noted(entry: Entry) -> None:
    """With what the entry says of itself, its phases, and what came of it; it is current while it lasts."""
    noted: list[Observation] = []
    with Deliveries([noted.append])(entry, "send") as step:
        assert current() is not None
        with span("exchange", Phase.BACKEND):
            pass
        step.tell(outcome="delivered")
        assert noted == []
    (sent,) = noted
    assert (sent.kind, sent.method, sent.action, sent.outcome) == ("delivery", "send", "outbox_send", "delivered")
    assert (sent.system, sent.contract, sent.client, sent.delivery) == ("planon", "create_incident", "agent", entry.id)
    assert (sent.correlation, sent.attempt) == (TRACEPARENT[3:35], entry.step)
    assert sent.phases.keys() == {Phase.BACKEND}
    assert sent.seconds > 0
    assert current() is None


def test_what_fails_is_noted_and_goes_on(entry: Entry) -> None:
    """A defect of the worker stays one."""
    noted: list[Observation] = []
    exporter = InMemorySpanExporter()
    watching = Deliveries([noted.append], Tracing(SimpleSpanProcessor(exporter), 1, "test"))
    with pytest.raises(ValueError, match="defect"), watching(entry, "check"):
        raise ValueError("defect")
    assert [(one.action, one.outcome) for one in noted] == [("outbox_check", None)]
    (spanned,) = exporter.get_finished_spans()
    assert (spanned.name, spanned.status.description) == ("outbox_check", "ValueError")
    assert spanned.parent is not None
    assert f"{spanned.parent.span_id:016x}" == TRACEPARENT[36:52]
