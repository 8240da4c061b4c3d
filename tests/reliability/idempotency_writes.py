"""Writes that are sent again and again under their own keys, and what both systems have of them in the end."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import requests

from tests.integration.shim.site import until
from tests.reliability.idempotency_site import Both
from tests.reliability.practice import Patient, at, slug

IN_FLIGHT: Final = (409, "request-in-flight")
LATER: Final = frozenset(
    {IN_FLIGHT, (503, "backend-unavailable"), (503, "state-unavailable"), (504, "outcome-unknown")}
)
"""Answers after which a client sends the same again."""
BROKEN: Final = (0, "broken off")
NOBODY: Final = (0, "nobody there")
PATIENCE_S: Final = 900.0
"""A limit, and no more: a shim is started again and again meanwhile, which takes 20 s each on a busy machine."""
SLOT: Final = "select A.HOUDER_PATIENT, A.BEGIN_TIJD, A.MEDEWERKER from AGENDA A where A.STATUS = 'H'"
BOOKED: Final = """select P.PATIENT, A.BEGIN_TIJD, A.MEDEWERKER from AFSPRAAK P join AGENDA A on A.NUMMER = P.AGENDA
where P.HOUDER is not null"""
NOTE: Final = "select J.TEKST from JOURNAAL J where J.REFERENTIE is not null"


@dataclass
class Write:
    """One write, what it was answered so far, and how its effect is called where effects are counted."""

    system: str
    contract: str
    key: str
    body: dict[str, Any]
    effect: tuple[str, ...]
    seen: Counter[tuple[int, str]] = field(default_factory=Counter)
    replies: list[bytes] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_durable(self) -> bool:
        return self.contract in {"create_incident", "log_note"}

    @property
    def reply(self) -> dict[str, Any]:
        return dict(json.loads(self.replies[-1]))

    def send(self, both: Both, wait_s: int = 1) -> bool:
        """Send it once; return whether it is known to be done, or to wait in the outbox."""
        headers = {"Idempotency-Key": self.key, "Prefer": f"wait={wait_s}"}
        try:
            answer = both.post(self.system, self.contract, self.body, **headers)
        except requests.RequestException as error:
            with self._lock:
                self.seen[NOBODY if "refused" in str(error) else BROKEN] += 1
            return False
        with self._lock:
            self.seen[answer.status_code, slug(answer)] += 1
            if answer.ok:
                self.replies.append(answer.content)
        return answer.ok

    def settle(self, both: Both, given_up: Callable[[], bool] = lambda: False) -> None:
        """Send it as a client does: again until it is answered, through outages, however long those take."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.send(both) and not given_up():
            assert time.monotonic() < deadline, f"{self.key} was answered {self.seen}"
            time.sleep(0.05)

    def is_delivered(self, both: Both) -> bool:
        return not self.is_durable or both.get(f"/v1/deliveries/{self.reply['delivery']}")["state"] == "delivered"


@dataclass
class Wishes:
    """What an agent wants, made once: nobody else writes about these patients and tenants."""

    both: Both
    patients: Sequence[Patient]
    tenant: str
    slots: Sequence[dict[str, Any]]
    serial: int = 0

    @classmethod
    def of(cls, both: Both, patients: int, slots: int) -> "Wishes":
        """Look up who and when; every slot begins at a time of its own, so that nobody is in two places."""
        tenant = both.post("planon", "find_tenant", {"telephone": "06-12345678"}).json()["tenant"]
        found = both.practice.patients(_Finder(both), patients)  # type: ignore[arg-type]  # it finds, as a client does
        window, free = both.practice.window(), dict[str, dict[str, Any]]()
        while len(free) < slots:
            page = both.post("intramed", "list_slots", {**window, "limit": 50}).json()["slots"]
            free |= {slot["starts_at"]: slot for slot in page}
            assert window["starts_from"] < page[-1]["starts_at"], f"the agenda has {len(free)} free times"
            window["starts_from"] = page[-1]["starts_at"]
        return cls(both, found, tenant, list(free.values())[:slots])

    def holds(self, count: int) -> list[Write]:
        """Hold a slot each."""
        return [self._hold(n) for n in range(count)]

    def _hold(self, n: int) -> Write:
        patient, slot = self.patients[n % len(self.patients)], self.slots[n]
        body = {"slot": slot["slot"], "patient": patient.token}
        effect = ("booked", patient.number, slot["starts_at"], slot["therapist"])
        return Write("intramed", "hold_slot", self._key("hold"), body, effect)

    def confirm(self, hold: Write) -> Write:
        """Confirm what was held."""
        body = {"hold": hold.reply["hold"], "patient": hold.body["patient"]}
        return Write("intramed", "confirm", self._key("confirm"), body, hold.effect)

    def incidents(self, count: int) -> list[Write]:
        """Report an incident each, with a text of its own."""
        return [self._incident(self._key("melding")) for _ in range(count)]

    def _incident(self, key: str) -> Write:
        reported_at = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
        body = {"tenant": self.tenant, "severity": "high", "summary": key, "message": "kraan lekt"}
        return Write("planon", "create_incident", key, {**body, "reported_at": reported_at}, ("incident", key))

    def notes(self, count: int) -> list[Write]:
        """Note something in a patient's journal each, with a text of its own."""
        return [self._note(self._key("notitie"), self.patients[n % len(self.patients)]) for n in range(count)]

    def _note(self, key: str, patient: Patient) -> Write:
        reported_at = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
        body = {"patient": patient.token, "text": key, "reported_at": reported_at}
        return Write("intramed", "log_note", key, body, ("note", key))

    def _key(self, what: str) -> str:
        self.serial += 1
        return f"{what}-{self.serial:04}"


@dataclass(frozen=True)
class _Finder:
    both: Both

    def post(self, contract: str, body: dict[str, Any]) -> requests.Response:
        return self.both.post("intramed", contract, body)


def held(both: Both) -> Counter[tuple[str, ...]]:
    """Count what is held, by patient and slot."""
    return Counter(("booked", *_who_and_when(row)) for row in both.practice.query(SLOT))


def effects(both: Both) -> Counter[tuple[str, ...]]:
    """Count what both systems have: appointments, notes and incidents."""
    found: Counter[tuple[str, ...]] = Counter(("booked", *_who_and_when(row)) for row in both.practice.query(BOOKED))
    found.update(("note", str(text).strip()) for (text,) in both.practice.query(NOTE))
    found.update(("incident", row["description"].partition("\n")[0]) for row in both.planon.incidents())
    return found


def _who_and_when(row: tuple[Any, ...]) -> tuple[str, str, str]:
    patient, begin, therapist = row
    return str(patient).strip(), at(begin), str(therapist).strip()


def answered(writes: Iterable[Write]) -> Counter[tuple[int, str]]:
    """Count all answers by status and problem type."""
    return sum((write.seen for write in writes), Counter[tuple[int, str]]())


def told(answers: Counter[tuple[int, str]]) -> dict[str, int]:
    """Return counted answers in words."""
    return {f"{status} {problem}".strip(): count for (status, problem), count in sorted(answers.items())}


def wrongly_repeated(both: Both, write: Write) -> list[str]:
    """Send a write again when it is delivered; return what is not as it was told before, in words."""
    until(partial(write.is_delivered, both), bool)
    before = [*write.replies]
    write.settle(both)
    until(partial(write.send, both), lambda sent: sent and write.replies[-1] == write.replies[-2])
    if write.is_durable:  # its state moves on until it is delivered and looked at; whose it is does not
        named = {json.loads(reply)["delivery"] for reply in write.replies}
        return [] if len(named) == 1 else [f"{write.key} is {len(named)} deliveries"]
    return [] if {*before} == {write.replies[-1]} else [f"{write.key} was answered {len({*write.replies})} ways"]
