"""Clients that call everything while a service is asked to end, and remember what each write was answered."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from tests.reliability.practice import Patient, slug
from tests.reliability.shutdown_site import ShutdownSite

OK = frozenset({200, 201, 202})
HONEST = frozenset({(503, "overloaded"), (503, "backend-unavailable"), (504, "outcome-unknown"), (409, "slot-taken")})
"""What a call may be answered beside success: nothing was done, or nobody claims to know."""


@dataclass
class Wrote:
    """A write, and the last thing that was said of it; status 0 while nothing was."""

    path: str
    body: dict[str, Any]
    key: str
    status: int = 0
    problem: str = ""
    reply: dict[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        return self.status in OK

    @property
    def open(self) -> bool:
        """Whether it has to be asked again what became of it."""
        return self.status in {0, 503, 504}


class Caller(threading.Thread):
    """One client with one connection. It goes on until nobody listens any more, or it is told to stop."""

    def __init__(self, site: ShutdownSite, name: str, tenant: str, patient: Patient, window: dict[str, Any]) -> None:
        super().__init__(name=name, daemon=True)
        self._site, self._tenant, self._patient, self._window = site, tenant, patient, window
        self._chance = random.Random(name)  # noqa: S311 - an order of calls, no secret
        self._http = requests.Session()
        self._slots: list[dict[str, Any]] = []
        self.enough = threading.Event()
        self.writes: list[Wrote] = []
        self.seen: Counter[tuple[str, int, str]] = Counter()
        self.wrong: list[str] = []
        self.closed_after_answer = 0
        self.cut_off = 0

    def run(self) -> None:
        """Call one thing after the other."""
        calls: list[Callable[[], None]] = [
            self._incident,
            self._note,
            self._find,
            self._list,
            self._book,
            self._look,
        ]
        try:
            while not self.enough.is_set():
                self._chance.choice(calls)()
        except requests.ConnectionError:
            self.cut_off += 1
        finally:
            self._http.close()

    def write(self, http: requests.Session, wrote: Wrote) -> None:
        """Make a write, or repeat it with its key; note what was said."""
        wait = self._chance.choice(["wait=0", "wait=1", "wait=20"])
        answer = self._site.post(http, wrote.path, wrote.body, wrote.key, Prefer=wait)
        wrote.status, wrote.problem = answer.status_code, slug(answer)
        wrote.reply = dict(answer.json())
        self._judge(wrote.path, answer)
        if answer.status_code == requests.codes.accepted and "Location" not in answer.headers:
            self.wrong.append("202 without a Location")

    def _judge(self, path: str, answer: requests.Response) -> None:
        told = answer.status_code, slug(answer)
        self.seen[path, *told] += 1
        self.closed_after_answer += answer.headers.get("Connection") == "close"
        if answer.status_code not in OK and told not in HONEST:
            self.wrong.append(f"{path} was answered with {answer.status_code}: {answer.text}")

    def _make(self, path: str, body: dict[str, Any]) -> Wrote:
        wrote = Wrote(path, body, f"{self.name}-{len(self.writes)}")
        self.writes.append(wrote)
        self.write(self._http, wrote)
        return wrote

    def _incident(self) -> None:
        body = {
            "tenant": self._tenant,
            "severity": "high",
            "summary": f"Kraan lekt {self.name}-{len(self.writes)}",
            "message": "kraan in keuken lekt",
            "reported_at": _now(),
        }
        self._make("planon/create_incident", body)

    def _note(self) -> None:
        text = f"notitie {self.name}-{len(self.writes)}"
        body = {"patient": self._patient.token, "text": text, "reported_at": _now()}
        self._make("intramed/log_note", body)

    def _find(self) -> None:
        self._read("intramed/find_patient", {"telephone": self._patient.telephone})

    def _list(self) -> None:
        answer = self._read("intramed/list_slots", {**self._window, "limit": 50})
        self._slots = answer.json()["slots"] if answer.ok else self._slots

    def _book(self) -> None:
        if not self._slots:
            return
        slot = self._slots.pop(self._chance.randrange(len(self._slots)))["slot"]
        held = self._make("intramed/hold_slot", {"slot": slot, "patient": self._patient.token})
        if held.accepted:
            self._make("intramed/confirm", {"hold": held.reply["hold"], "patient": self._patient.token})

    def _look(self) -> None:
        delivery = next((wrote.reply["delivery"] for wrote in reversed(self.writes) if "delivery" in wrote.reply), None)
        if delivery is not None:
            headers = {"Authorization": f"Bearer {self._site.key}"}
            answer = self._http.get(f"{self._site.address}/v1/deliveries/{delivery}", headers=headers, timeout=60)
            self._judge("deliveries", answer)

    def _read(self, path: str, body: dict[str, Any]) -> requests.Response:
        answer = self._site.post(self._http, path, body, None)
        self._judge(path, answer)
        return answer


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
