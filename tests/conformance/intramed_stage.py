"""Intramed on the suite's stage: a copy of the sandbox practice, its owner's view, and desks of every variant."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

from adapters.intramed import adapter
from adapters.intramed.desk import IntramedDesk
from contracts.desks import Holds, Ports
from shim.holds import KeptHolds
from shim.keys import Blind, MasterKey
from shim.state import open_state
from simulators.intramed.bench import Bench
from simulators.intramed.names import BSN, INSURANCE
from simulators.intramed.sandbox import monday_after
from simulators.intramed.server import READER, WRITER
from tests.conformance.practice_stage import Booked, Features, Noted, People, Person, Place, Therapist
from tests.integration.intramed.stage import NoRows
from tests.practice_cast import Cast, spelled
from tests.practice_records import Patient, identifiers_in

BEFORE_THE_FIRST_WEEK: Final = datetime(2031, 2, 1, 12, 0, tzinfo=UTC)
_NOTES: Final = {"once": "column", "found": "text", "parked": "park"}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the adapter."""

    name: str
    bench: Literal["embedded", "server"]
    holds: Literal["backend", "shim"]
    notes: Literal["once", "found", "parked"]
    transport: Literal["native", "odbc"] = "native"


def _person(patient: Patient, number: str = "") -> Person:
    telephone = spelled(number or min(patient.numbers))
    return Person(patient.number, patient.name, telephone, patient.first_name or "", patient.birth_year)


def _people(cast: Cast, identifiers: set[str]) -> People:
    family, twins = cast.family, cast.twins
    (shared,) = twins[0].numbers & twins[1].numbers
    known = (cast.alone, cast.debtor, *family.members, *twins)
    return People(
        alone=_person(cast.alone),
        shared=tuple(_person(member, family.number) for member in family.members),
        twins=(_person(twins[0], shared), _person(twins[1], shared)),
        debtor=_person(cast.debtor),
        unused_telephone=spelled(cast.unused_telephone).replace("-", ""),
        secrets=(*sorted(identifiers), *(str(patient.born) for patient in known)),
    )


@dataclass
class IntramedStage:
    """A `PracticeStage`; close it to end its desks."""

    variant: Variant
    bench: Bench
    database: str
    folder: Path
    cast: Cast
    odbc_driver: str = ""
    now: datetime = BEFORE_THE_FIRST_WEEK
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Amsterdam"))

    def __post_init__(self) -> None:
        one, other = self.cast.therapists
        self.therapists = (Therapist(*one), Therapist(*other))
        self.features = Features(notes=self.variant.notes)
        self._ends = ExitStack()
        self._owner = self._ends.enter_context(self.bench.owner(self.database))
        self.people = _people(self.cast, self._identifiers())
        ((last, number),) = self._run("select max(BEGIN_TIJD), coalesce(max(NUMMER), 0) from AGENDA")
        self._numbers, self._days = itertools.count(number + 1), itertools.count()
        self._after_the_last_week = monday_after((last or BEFORE_THE_FIRST_WEEK).date())
        self.desk: IntramedDesk = self.another_desk()
        self._unreachable: IntramedDesk | None = None

    def close(self) -> None:
        """End the desks and let go of the database."""
        self._ends.close()

    def another_desk(self) -> IntramedDesk:
        """Build a desk with its own view of the shim's state."""
        return self._desk(self.database, ahead=2)

    def unreachable_desk(self) -> IntramedDesk:
        """Return a desk of a port that nobody listens on, or of a file that is not there."""
        nowhere = "127.0.0.1/1:x" if self.variant.bench == "server" else str(self.folder / "nowhere" / "x.fdb")
        if self._unreachable is None:
            self._unreachable = self._desk(nowhere, ahead=0)
        return self._unreachable

    def empty_day(self) -> date:
        """Take a day after the sandbox's last week."""
        while True:
            day = self._after_the_last_week + timedelta(days=next(self._days))
            midnight = datetime.combine(day, datetime.min.time(), self.zone)
            if midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset():
                return day

    def offer(self, starts_at: datetime, minutes: int = 30, therapist: int = 0) -> Place:
        """Add a row to the agenda."""
        number, who = next(self._numbers), self.therapists[therapist]
        self._run(
            "insert into AGENDA (NUMMER, MEDEWERKER, VESTIGING, BEGIN_TIJD, MINUTEN) values (?, ?, ?, ?, ?)",
            *(number, who.code, who.clinic, starts_at, minutes),
        )
        begins = starts_at.replace(tzinfo=self.zone).astimezone(UTC)
        ends = begins + timedelta(minutes=minutes)
        return Place(str(number), begins.astimezone(self.zone), ends.astimezone(self.zone), minutes, who)

    def booked(self, *places: Place) -> list[Booked]:
        """Read the live appointments."""
        slots = ", ".join(str(int(place.slot)) for place in places)
        sql = f"select NUMMER, AGENDA, PATIENT from AFSPRAAK where VERVALLEN is null and AGENDA in ({slots})"  # noqa: S608 - numbers
        return [Booked(str(number), str(slot), patient) for number, slot, patient in self._run(sql)]

    def front_desk_books(self, place: Place, patient: str) -> Booked:
        """Write what the practice's own program writes: it knows of no holds."""
        ((number,),) = self._run("select next value for NR_AFSPRAAK from RDB$DATABASE")
        self._set_state(place.slot, "B")
        self._run(
            "insert into AFSPRAAK (NUMMER, AGENDA, PATIENT, GEMAAKT) values (?, ?, ?, cast('NOW' as timestamp))",
            *(number, int(place.slot), patient),
        )
        return Booked(str(number), place.slot, patient)

    def front_desk_cancels(self, booked: Booked) -> None:
        """Cancel as the practice's own program does."""
        self._run("update AFSPRAAK set VERVALLEN = cast('NOW' as timestamp) where NUMMER = ?", int(booked.appointment))
        self._set_state(booked.slot, "F")

    def run_out(self, *places: Place) -> None:
        """Put the end of live holds a second into the past, by the clock that they live by."""
        for place in places:
            if self.variant.holds == "backend":
                self._run(
                    "update AGENDA set GEHOUDEN_TOT = dateadd(-1 second to cast('NOW' as timestamp))"
                    " where NUMMER = ? and STATUS = 'H'",
                    int(place.slot),
                )
            else:
                with sqlite3.connect(self._state_path, isolation_level=None) as state:
                    ms = "(SELECT ms FROM clock)"
                    sql = f"UPDATE hold SET expires_at = {ms} - 1000 WHERE slot = ? AND expires_at > {ms}"  # noqa: S608
                    state.execute(sql, [place.slot])
                state.close()

    def notes(self, patient: str) -> list[Noted]:
        """Read the journal."""
        sql = "select NUMMER, TEKST, MELDTIJD, MELD_UTC from JOURNAAL where PATIENT = ? order by NUMMER"
        return [
            Noted(str(number), text, told.replace(tzinfo=timezone(timedelta(minutes=offset))))
            for number, text, told, offset in self._run(sql, patient)
        ]

    def _identifiers(self) -> set[str]:
        """Return what has the shape of an identifier in the debtor's record; planted there where it has none."""
        debtor = self.cast.debtor.number
        found = self._identifiers_of(debtor)
        if not found:
            self._run("update PATIENT set OPMERKING = ? where NUMMER = ?", f"BSN {BSN} van oude kaart", debtor)
            self._run(
                "insert into JOURNAAL (NUMMER, PATIENT, MELDTIJD, TEKST)"
                " values (next value for NR_JOURNAAL, ?, cast('NOW' as timestamp), ?)",
                *(debtor, f"Verzekerdennummer {INSURANCE} doorgegeven."),
            )
            found = self._identifiers_of(debtor)
        assert found
        return found

    def _identifiers_of(self, patient: str) -> set[str]:
        texts = self._run("select coalesce(OPMERKING, '') from PATIENT where NUMMER = ?", patient)
        texts += self._run("select TEKST from JOURNAAL where PATIENT = ? and TEKST is not null", patient)
        return {found for (text,) in texts for found in identifiers_in(text)}

    @property
    def _state_path(self) -> Path:
        return self.folder / "shim.db"

    def _desk(self, database: str, ahead: int) -> IntramedDesk:
        options = {
            "database": database,
            "read_password": self.bench.passwords.get(READER, ""),
            "write_password": self.bench.passwords.get(WRITER, ""),
            "transport": self.variant.transport,
            "holds": self.variant.holds,
            "notes": _NOTES[self.variant.notes],
            "staff_link": "intramed://patient/{patient}",
            "connections_ahead": ahead,
        }
        if self.odbc_driver:
            options["odbc_driver"] = self.odbc_driver
        ports = Ports("intramed", lambda: self.now, NoRows(), self._holds())
        desk = adapter.build(adapter.options.model_validate(options), ports)
        assert isinstance(desk, IntramedDesk)
        self._ends.callback(desk.close)
        return desk

    def _holds(self) -> Holds:
        if self.variant.holds == "backend":
            return cast("Holds", None)
        state = open_state(self._state_path, lambda _: MasterKey(bytes(32)), "conformance")[0]
        self._ends.callback(state.close)
        return KeptHolds(state, Blind(bytes(32)), "intramed")

    def _set_state(self, slot: str, state: str) -> None:
        self._run(
            "update AGENDA set STATUS = ?, HOUDER = null, HOUDER_PATIENT = null, GEHOUDEN_TOT = null where NUMMER = ?",
            *(state, int(slot)),
        )

    def _run(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        cursor = self._owner.cursor()
        try:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall() if cursor.description else []
            return [tuple(v.read() if hasattr(v, "read") else v for v in row) for row in rows]
        finally:
            cursor.close()
            self._owner.commit()


@contextmanager
def intramed_stage(
    variant: Variant, bench: Bench, folder: Path, cast: Cast, odbc_driver: str = ""
) -> Iterator[IntramedStage]:
    """Set a stage on a fresh copy of the practice."""
    database = bench.place(variant.name)
    stage = IntramedStage(variant, bench, database, folder, cast, odbc_driver)
    try:
        yield stage
    finally:
        stage.close()
        bench.drop(database)
