"""A practice on a real Firebird server, one or more shims in front of it, and clients that keep their connections."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from shim.demo import write_configuration
from simulators.intramed.sandbox import OWNER, owner_connection
from simulators.intramed.server import READER, WRITER, FirebirdServer
from simulators.launch import address_of, start_shim
from simulators.process import Program
from tests.integration.shim.site import FAST_OUTBOX, add_client, until

ZONE = ZoneInfo("Europe/Amsterdam")
OWN_NUMBER = """select T.NUMMER, T.PATIENT from TELEFOON T
join PATIENT P on P.NUMMER = T.PATIENT where T.NUMMER starting with '06' order by T.VOLGNR"""
FREE = "select min(A.BEGIN_TIJD) from AGENDA A where A.STATUS = 'F'"


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody whose telephone number is nobody else's: the shim's token, and the practice's own number."""

    token: str
    number: str
    telephone: str


@dataclass(frozen=True)
class Practice:
    """Where everything is; the shims share one configuration and one state."""

    folder: Path
    database: str
    password: str
    key: str
    shims: tuple[Program, ...]

    def client(self, shim: int = 0) -> "Client":
        """Return a client of one of the shims."""
        return Client(address_of(self.shims[shim]), self.key)

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read from the practice as its owner."""
        with owner_connection(self.database, self.password) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def state(self, statement: str) -> list[tuple[Any, ...]]:
        """Read from the shims' own state."""
        with closing(sqlite3.connect(self.folder / "shim.db")) as state:
            return state.execute(statement).fetchall()

    def patients(self, client: "Client", count: int) -> list[Patient]:
        """Find patients by numbers that are theirs alone."""
        found: dict[str, Patient] = {}
        for telephone, number in self.query(OWN_NUMBER):
            answer = client.post("find_patient", {"telephone": telephone.strip()}).json()
            if answer["match"] == "certain":
                found.setdefault(number.strip(), Patient(answer["patient"], number.strip(), telephone.strip()))
            if len(found) == count:
                return list(found.values())
        raise AssertionError(f"the practice has {len(found)} patients with a number of their own, not {count}")

    def window(self) -> dict[str, Any]:
        """Return the fields of `list_slots` for the first sixty days of the agenda."""
        ((begin,),) = self.query(FREE)
        return {"starts_from": at(begin), "starts_before": at(begin.replace(day=28, month=begin.month + 1))}

    def await_attachments(self, most: int) -> None:
        """Wait until at most so many connections to the database are open, beside the one that counts."""
        count = "select count(*) from MON$ATTACHMENTS where MON$SYSTEM_FLAG = 0"
        until(lambda: int(self.query(count)[0][0]) - 1, lambda open_now: open_now <= most)


class Client:
    """One thread's HTTP connection to one shim."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {key}"

    def post(self, contract: str, body: Mapping[str, Any], key: str | None = None, **headers: str) -> requests.Response:
        """Call a contract; `key` is the Idempotency-Key of a write."""
        sent = {**headers} if key is None else {"Idempotency-Key": key, **headers}
        return self._http.post(f"{self._address}/v1/intramed/{contract}", json=body, headers=sent, timeout=60)

    def delivery(self, name: str) -> dict[str, Any]:
        """Return where a delivery is."""
        answer = self._http.get(f"{self._address}/v1/deliveries/{name}", timeout=60)
        return dict(answer.json())


@contextmanager
def running_practice(
    folder: Path, server: FirebirdServer, database: Path, *, shims: int = 1, **options: Any
) -> Iterator[Practice]:
    """Run shims over one state in front of a copy of the practice; `options` are those of the adapter."""
    section = {
        "adapter": "intramed",
        "database": server.database(database),
        "read_password": server.passwords[READER],
        "write_password": server.passwords[WRITER],
        **options,
    }
    # One client looks up more people here than an agent would in a day. Who is right is asked here, and not how fast
    # this machine is: nobody is sent away because others came first.
    configuration = write_configuration(
        folder,
        {"intramed": section},
        outbox=FAST_OUTBOX,
        identity={"people_per_client": 100_000},
        http={"queue_s": 60, "deadline_s": 120},
    )
    key = add_client(configuration, "agent", "intramed:*")
    with ExitStack() as stack:
        running = tuple(stack.enter_context(start_shim(configuration)) for _ in range(shims))
        yield Practice(folder, section["database"], server.passwords[OWNER], key, running)


def at(local: datetime) -> str:
    """Write a time of the practice as the contracts do."""
    return local.replace(tzinfo=ZONE).isoformat()


def slug(answer: requests.Response) -> str:
    """Return the name of a problem's type; empty for an answer that is none."""
    problem = answer.headers["Content-Type"] == "application/problem+json"
    return str(answer.json()["type"]).rpartition(":")[2] if problem else ""
