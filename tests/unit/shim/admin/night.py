"""The night of the operations page: Planon is out of reach, 300 reports wait, and three causes need somebody."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from contracts.delivery import Delivered
from outbox.entry import to_ms
from outbox.reasons import error_group
from outbox.store import Outbox
from shim.demo import planon_section, write_configuration
from shim.root import State, open_deployment_state, utc_now
from shim.settings import load
from simulators.launch import PlanonAddress
from tests.unit.outbox.stand_ins import accept_all, new_entry

WAITING, PARKED, REJECTED, HOSTILE = 300, 12, 3, 1
BSN = "123456782"
REFUSED = "document refused: cost centre is closed (HTTP 400, fault E42)"
MISSING = "no right to write KP-4100 (HTTP 403, fault E7)"
STRANGE = f"<script>alert(1)</script>\u202ekrap\u200b <b>of {BSN}</b> {'x' * 300}"
"""As a backend may put it: markup, a character that turns the line around, one that nobody sees, a person's number."""
FAILED = PARKED + REJECTED + HOSTILE
MARKED = "UPDATE entry SET state = :state, reason = :reason, error_group = :cause, ended_at = 1 WHERE id = :id"
NUMBER = "INC-000482"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def written(folder: Path) -> Path:
    """Write the configuration of a shim with this night in its state."""
    planon = planon_section(PlanonAddress("http://127.0.0.1:9", folder / "missing.db"))
    configuration = write_configuration(folder, {"planon": planon})
    with open_deployment_state(load(configuration)) as state:
        state.clients.add("agent", ["planon:write"])
        _accept(state.outbox, utc_now())
        _fail(state)
    return configuration


def _accept(outbox: Outbox, now: datetime) -> None:
    first = replace(new_entry("f"), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    accept_all(outbox, [first])
    claim = outbox.claim("planon", "somebody", "send")
    assert claim is not None
    answer = Delivered(NUMBER, {"sla": {"state": "missing"}}, attention="sla_missing")
    outbox.write(outbox.endings.delivered(claim, answer, "answered"))
    oldest = now - timedelta(minutes=96)
    entries = []
    for number in range(WAITING + FAILED):
        new = new_entry(f"{number + 256:x}", order_key=f"key {number}")
        at = oldest + timedelta(seconds=18 * max(0, number - FAILED))
        entries.append(replace(new, document=replace(new.document, reported_at=at)))
    accept_all(outbox, entries)


def _fail(state: State) -> None:
    rows = [row["id"] for row in state.database.read("SELECT id FROM entry WHERE state = 'ready' ORDER BY seq")]
    now = to_ms(utc_now())
    told = [("parked", REFUSED)] * PARKED + [("rejected", MISSING)] * REJECTED + [("parked", STRANGE)] * HOSTILE
    with state.database.transaction() as tx:
        for each, (word, reason) in zip(rows, told, strict=False):
            tx.execute(MARKED, {"id": each, "state": word, "reason": reason, "cause": error_group(reason)})
        down = {"since": now - 105 * 60_000, "probe": now + 20_000}
        tx.execute("INSERT INTO destination (name, open_since, probe_at) VALUES ('planon', :since, :probe)", down)
