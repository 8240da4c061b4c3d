"""What Planon has committed, in order. Being down or answering wrongly does not touch it: tests judge by it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from threading import Lock
from typing import Any

from simulators.planon.entries import STATUS_OF_CODE, Change, Dropped, Incident, Note
from simulators.planon.faults import Fault
from simulators.planon.index import Index
from simulators.planon.losses import stored_incident, stored_note
from simulators.planon.sla import SlaClock, SlaEngine
from simulators.planon.strike import SPARED, Strike


class PlannerRefused(ValueError):
    """Raised when a planner's action names no incident, or a state that there is not."""


class Ledger:
    """Incidents and notes in the order of their commits. Safe for several threads.

    Args:
        engine: computes the SLA clocks.
        now: the time, aware.
    """

    def __init__(self, engine: SlaEngine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._lock = Lock()
        self._numbers = count(1)
        self._commits = count(1)
        self._incidents: Index[Incident] = Index()
        self._notes: Index[Note] = Index()
        self._dropped: list[Dropped] = []
        self._changes: list[Change] = []
        self._late_clocks: list[tuple[datetime, int, SlaClock]] = []  # a heap; the syscode breaks ties

    def commit_incident(self, sent: Mapping[str, str], strike: Strike = SPARED) -> str:
        """Store an incident under the next number, which is returned.

        A second one with the same reference is another incident.
        """
        with self._lock:
            place = next(self._numbers)
            number = f"INC-{place:06}"
            if strike.has(Fault.DROP_INCIDENTS):
                self._dropped.append(Dropped(number, sent.get("BO_EXTERNAL_REF"), strike.names))
                return number
            fields = stored_incident(sent, strike)
            incident = Incident(
                syscode=1000 + place,
                number=number,
                commit=next(self._commits),
                fields=fields,
                sent=dict(sent),
                status=STATUS_OF_CODE[fields.get("BO_STATUS", "REPORTED")],
                clock=None,
                committed_at=self._now(),
                faults=strike.names,
            )
            incident = replace(incident, clock=self._clock(incident, strike))
            self._incidents.add(incident.syscode, incident, number, fields.get("BO_EXTERNAL_REF"))
            self._changes.append(Change(incident.committed_at, incident))
            return number

    def _clock(self, incident: Incident, strike: Strike) -> SlaClock | None:
        """Return the clock that runs at once, if one does; note one that will run later."""
        clock = None if strike.has(Fault.SLA_SKIPPED) else self._engine.clock(incident.fields)
        if clock is None or not strike.has(Fault.SLA_LATE):
            return clock
        seen_at = incident.committed_at + timedelta(seconds=strike.amount(Fault.SLA_LATE, "after_s"))
        heappush(self._late_clocks, (seen_at, incident.syscode, clock))
        return None

    def commit_note(self, sent: Mapping[str, str], strike: Strike = SPARED) -> Note | None:
        """Append a communication-log record, or return None when its incident does not exist."""
        with self._lock:
            if not self._incidents.find({"INCIDENT_NUMBER": sent["INCIDENT_NUMBER"]}):
                return None
            fields = stored_note(sent, strike)
            note = Note(
                syscode=500_001 + len(self._notes),
                incident_number=fields["INCIDENT_NUMBER"],
                commit=next(self._commits),
                tenant_id=fields["TENANT_ID"],
                reported_at=fields["REPORTED_AT"],
                text=fields["TEXT"],
                external_ref=fields["EXTERNAL_REF"],
                log_type=fields["LOG_TYPE"],
                committed_at=self._now(),
                faults=strike.names,
                sent_tenant_id=sent["TENANT_ID"],
                sent_text=sent["TEXT"],
            )
            self._notes.add(note.syscode, note, note.incident_number, note.external_ref)
            return note

    def set_status(self, number: str, status: str) -> Incident:
        """Change an incident's state, as a planner does.

        Raises:
            PlannerRefused: if there is no such incident or no such state.
        """
        if status not in STATUS_OF_CODE.values():
            raise PlannerRefused(f"a status is one of {', '.join(STATUS_OF_CODE.values())}")
        with self._lock:
            self._start_late_clocks()
            found = self._incidents.find({"INCIDENT_NUMBER": number})
            if not found:
                raise PlannerRefused("there is no such incident")
            return self._replace(self._now(), found[0], status=status)

    def _start_late_clocks(self) -> None:
        while self._late_clocks and self._late_clocks[0][0] <= self._now():
            seen_at, syscode, clock = heappop(self._late_clocks)
            self._replace(seen_at, syscode, clock=clock)

    def _replace(self, at: datetime, syscode: int, **changes: Any) -> Incident:
        incident = replace(self._incidents[syscode], **changes)
        self._incidents.put(syscode, incident)
        self._changes.append(Change(at, incident))
        return incident

    def incident(self, syscode: int) -> Incident | None:
        """Return one incident as it is now."""
        with self._lock:
            self._start_late_clocks()
            return self._incidents.get(syscode)

    def note(self, syscode: int) -> Note | None:
        """Return one note."""
        with self._lock:
            return self._notes.get(syscode)

    def find_incidents(self, wanted: Mapping[str, str]) -> list[int]:
        """Return syscodes of incidents, oldest first, by EXTERNAL_REF, INCIDENT_NUMBER or both."""
        with self._lock:
            return self._incidents.find(wanted)

    def find_notes(self, wanted: Mapping[str, str]) -> list[int]:
        """Return syscodes of notes, oldest first, by EXTERNAL_REF, INCIDENT_NUMBER or both."""
        with self._lock:
            return self._notes.find(wanted)

    def incidents(self) -> list[Incident]:
        """Return all incidents, oldest commit first."""
        with self._lock:
            self._start_late_clocks()
            return self._incidents.all()

    def notes(self) -> list[Note]:
        """Return all notes, oldest commit first."""
        with self._lock:
            return self._notes.all()

    def changes(self, after: int) -> list[Change]:
        """Return what has happened to incidents behind the first `after` changes."""
        with self._lock:
            self._start_late_clocks()
            return self._changes[after:]

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return the whole ledger as the control port shows it."""
        with self._lock:
            dropped = list(self._dropped)
        return {
            "incidents": [incident.as_json() for incident in self.incidents()],
            "notes": [note.as_json() for note in self.notes()],
            "dropped": [forgotten.as_json() for forgotten in dropped],
        }

    def tally(self) -> dict[str, int]:
        """Return how much there is of everything."""
        with self._lock:
            return {"incidents": len(self._incidents), "notes": len(self._notes), "dropped": len(self._dropped)}
