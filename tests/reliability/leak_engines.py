"""The hunt in front of real engines: a Firebird whose errors quote what it was given, and Planon behind a parrot."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from firebird.driver import DatabaseError

from shim.demo import planon_section, write_configuration
from simulators.intramed.sandbox import copy_sandbox, owner_connection
from simulators.launch import address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, add_client, minutes_ago
from tests.reliability.identifiers import planted
from tests.reliability.leak_campaign import Hunt
from tests.reliability.leak_oracle import Oracle
from tests.reliability.leak_planon import Parrot, parroting
from tests.reliability.leak_sinks import look_at_file, look_at_state
from tests.reliability.leak_site import EVERY_LINE
from tests.reliability.leak_texts import Supply

_SETTLES_S: Final = 5.0
_OWN_NUMBERS: Final = """select first 8 P.NUMMER, min(T.NUMMER) from PATIENT P join TELEFOON T on T.PATIENT = P.NUMMER
where T.NUMMER starting with '06' group by P.NUMMER order by P.NUMMER"""
_REFUSES: Final = """create trigger JOURNAAL_WEIGERT for JOURNAAL before insert as
declare variable N integer;
begin
  if (mod(char_length(new.TEKST), 2) = 0) then N = cast(substring(new.TEKST from 1 for 200) as integer);
  exception GEWEIGERD 'geweigerd: ' || substring(new.TEKST from 1 for 900);
end"""


@dataclass
class Stage:
    """A shim as a process, what is behind it, and what it writes."""

    folder: Path
    address: str
    key: str
    parrot: Parrot
    practices: dict[str, Path]

    @property
    def log(self) -> Path:
        """The service's standard error."""
        return self.folder / "shim.log"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Call the shim."""
        sent = {
            "Authorization": f"Bearer {self.key}",
            **{name.replace("_", "-"): told for name, told in headers.items()},
        }
        return requests.request(method, f"{self.address}{path}", json=body, headers=sent, timeout=60)


@contextmanager
def real_stage(folder: Path, practice: Path) -> Iterator[Stage]:
    """Run a shim in front of Planon's stand-in and two practices; of the second no journal takes a note."""
    practices = {name: copy_sandbox(practice, folder / f"{name}.fdb") for name in ("intramed", "refusing")}
    with owner_connection(str(practices["refusing"])) as connection:
        connection.execute_immediate("create exception GEWEIGERD 'geweigerd'")
        connection.execute_immediate("grant usage on exception GEWEIGERD to public")
        connection.commit()
        connection.execute_immediate(_REFUSES)
    with running_planon(folder) as (_, address), parroting(address.url) as parrot:
        planon = planon_section(address, **FAST_PLANON)
        planon |= {"soap_url": f"{parrot.url}/soap", "appsuite_url": f"{parrot.url}/appsuite/incident"}
        desks = {name: {"adapter": "intramed", "database": str(path)} for name, path in practices.items()}
        outbox = {**FAST_OUTBOX, "max_attempts": 4, "breaker_after": 1000}
        configuration = write_configuration(
            folder,
            {"planon": planon, **desks},
            outbox=outbox,
            log=EVERY_LINE,
            identity={"people_per_client": 1_000_000, "attempts_per_number": 1_000_000},
        )
        scopes = [f"{system}:{bundle}" for system in ("planon", *desks) for bundle in ("read", "write")]
        key = add_client(configuration, "agent", *scopes, "shim:metrics")
        with start_shim(configuration) as service:
            yield Stage(folder, address_of(service), key, parrot, practices)


def hunt_engines(folder: Path, practice: Path, texts: int, seed: int) -> tuple[Hunt, dict[str, int]]:
    """Hunt with this many texts; return what was found, and how often the parrot spoke."""
    hunted, began = Hunt(), time.monotonic()
    batch = list(planted(texts, seed))
    oracle, supply = Oracle(batch), Supply(batch)
    with real_stage(folder, practice) as stage:
        for answer in _ask_all(stage, supply):
            hunted.requests += 1
            hunted.statuses[str(answer.status_code)] += 1
            place = answer.request.path_url[:40]
            hunted.findings.look(oracle, "reply", place, answer.text)
            hunted.findings.look(oracle, "header", place, str(answer.headers))
        _settle(stage)
        hunted.findings.look(oracle, "metrics", "/metrics", stage.ask("GET", "/metrics").text)
        look_at_file(hunted.findings, oracle, folder / "shim.db")
    look_at_state(hunted.findings, oracle, folder / "shim.db")
    look_at_file(hunted.findings, oracle, folder / "shim.db")
    log = stage.log.read_text(encoding="utf-8", errors="replace")
    hunted.findings.look(oracle, "log", "the process", log)
    hunted.log_lines, hunted.texts, hunted.seconds = log.count("\n"), supply.used, time.monotonic() - began
    return hunted, dict(stage.parrot.answered)


def quotes(database: Path, text: str) -> str:
    """Return what this engine says when it is given a text that it refuses: proof that there is something to hunt."""
    with owner_connection(str(database)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(
                "insert into JOURNAAL (NUMMER, PATIENT, MELDTIJD, TEKST) values (0, '00000101', 'now', ?)", [text]
            )
        except DatabaseError as error:
            return str(error)
    return ""


def _ask_all(stage: Stage, supply: Supply) -> Iterator[requests.Response]:
    tenant = _found(stage.ask("POST", "/v1/planon/find_tenant", {"telephone": "06-12345678"}), "tenant")
    patients = {}
    for name, path in stage.practices.items():
        telephones = _rename(path, supply)
        answers = [stage.ask("POST", f"/v1/{name}/find_patient", {"telephone": number}) for number in telephones]
        yield from answers
        patients[name] = next(token for token in (answer.json().get("patient") for answer in answers) if token)
    known = telephones[0]
    number = 0
    while supply:
        number += 1
        key = {"Idempotency_Key": f"hunt-{number}", "Prefer": "wait=0"}
        report = {
            "tenant": tenant,
            "severity": "high",
            "reported_at": minutes_ago(30),
            "summary": supply.text(500),
            "message": supply.text(4096),
        }
        reported = stage.ask("POST", "/v1/planon/create_incident", report, **key)
        yield reported
        note = {"text": supply.text(4096), "reported_at": minutes_ago(20)}
        if "delivery" in reported.json():
            body = {"tenant": tenant, "delivery": reported.json()["delivery"], **note}
            yield stage.ask("POST", "/v1/planon/log_note", body, **key | {"Idempotency_Key": f"note-{number}"})
        for name, patient in patients.items():
            body = {"patient": patient, **note, "text": supply.text(4096)}
            yield stage.ask("POST", f"/v1/{name}/log_note", body, **key | {"Idempotency_Key": f"{name}-{number}"})
            asked = {"telephone": known, "first_name": supply.text(60), "birth_year": 1987}
            yield stage.ask("POST", f"/v1/{name}/find_patient", asked)
        yield stage.ask("POST", "/v1/planon/find_tenant", {"address": supply.text(200)})
        yield stage.ask("POST", "/v1/planon/get_incident", {"tenant": tenant, "incident": f"INC-{number:06}"})


def _rename(practice: Path, supply: Supply) -> list[str]:
    """Give people of a practice names with a planted text; return their numbers."""
    with owner_connection(str(practice)) as connection, connection.cursor() as cursor:
        cursor.execute(_OWN_NUMBERS)
        found = list(cursor.fetchall())
        for patient, _ in found:
            name = supply.text(40).encode("cp1252", "ignore").decode("cp1252").strip() or "Jansen"
            cursor.execute("update PATIENT set ACHTERNAAM = ? where NUMMER = ?", [name, patient])
    return [telephone.strip() for _, telephone in found]


def _found(answer: requests.Response, name: str) -> str:
    token: str = answer.json()[name]
    return token


def _settle(stage: Stage) -> None:
    """Wait until what was queued has ended, or is put off for longer than anybody waits here."""
    until = time.monotonic() + _SETTLES_S
    while time.monotonic() < until:
        metrics = stage.ask("GET", "/metrics").text
        if not any(f'state="{state}"' in metrics for state in ("ready", "in_flight", "unknown", "waiting")):
            return
        time.sleep(0.25)
