"""Judges a campaign: Planon's own ledger, and the end of each delivery, against what the clients were told."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.reliability.planon_told import Record, Told

NOTICED: Final = frozenset({"sla_missing", "sla_unverified", "record_differs"})
_LOOKED_AT: Final = frozenset({"record_differs", "sla_unverified"})
"""A text that Planon cut off was seen to differ, or nobody could read the record, and that was told."""
_CONTINUED: Final = re.compile(r"(LS-[A-Z2-7]+)-(\d+)")
_HEADER: Final = re.compile(r"\(vervolg \d+/\d+\)\n")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of everything; the campaign's last line."""

    accepted: int
    lost: int
    duplicates: int
    report_time_changed: int
    order_violations: int
    sla_missing_unnoticed: int


@dataclass
class Judged:
    """The verdict, and a line for each thing that is wrong.

    Attributes:
        held_back: notes that Planon does not have and that somebody was told about: their incident has no tenant in
            Planon, or they stand behind a delivery that needs a person.
    """

    verdict: Verdict
    wrong: list[str]
    held_back: int


@dataclass
class _Court:
    record: Record
    incidents: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    ends: Mapping[str, Mapping[str, Any]]
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    held_back: int = 0

    def by_name(self, records: Iterable[Mapping[str, Any]], text: str) -> dict[str, Mapping[str, Any]]:
        """Return records by the first line of their text; the rest of a longer text has none."""
        firsts = [r for r in records if not _CONTINUED.fullmatch(str(r["external_ref"]))]
        return {str(record[text]).partition("\n")[0]: record for record in firsts}

    def duplicates(self) -> None:
        """Nothing is there twice: neither a reference, nor a name."""
        for records, text in ((self.incidents, "description"), (self.notes, "text")):
            references = Counter(str(record["external_ref"]) for record in records)
            names = Counter(
                str(record[text]).partition("\n")[0]
                for record in records
                if not _CONTINUED.fullmatch(str(record["external_ref"]))
            )
            twice = {key: count for key, count in {**references, **names}.items() if count > 1}
            self.wrong["duplicates"] += [f"{key} is there {count} times" for key, count in twice.items()]

    def lost(self) -> None:
        """Every accepted write is there with every character, or somebody was told why not."""
        incidents, notes = self.by_name(self.incidents, "description"), self.by_name(self.notes, "text")
        rest = self._rest()
        for told in self.record.incidents.values():
            self._whole(told, incidents.get(told.name), "description", rest)
        for told in self.record.notes.values():
            found = notes.get(told.name)
            if found is None and self._excused(told, incidents.get(told.about or "")):
                self.held_back += 1
            else:
                self._whole(told, found, "text", rest)

    def _whole(
        self, told: Told, found: Mapping[str, Any] | None, text: str, rest: Mapping[str, list[tuple[int, str]]]
    ) -> None:
        end = self.ends[told.delivery]
        if found is None:
            self.wrong["lost"].append(f"{told.name} is not there; its delivery is {end}")
            return
        parts = [str(found[text]), *(part for _, part in sorted(rest[str(found["external_ref"])]))]
        noticed = end["attention"] in _LOOKED_AT or end["state"] == "parked"
        if told.text in "".join(_HEADER.sub("", part, count=1) for part in parts):
            return
        if end["rest_held_back"]:
            self.held_back += 1
        elif not noticed:
            self.wrong["lost"].append(f"{told.name} is not whole: {[len(part) for part in parts]} characters; {end}")

    def _rest(self) -> dict[str, list[tuple[int, str]]]:
        rest = defaultdict(list)
        for note in self.notes:
            if continued := _CONTINUED.fullmatch(note["external_ref"]):
                rest[continued[1]].append((int(continued[2]), note["text"]))
        return rest

    def _excused(self, note: Told, incident: Mapping[str, Any] | None) -> bool:
        end = self.ends[note.delivery]
        stranger = incident is not None and not incident["tenant_id"]
        return end["held_back"] or (stranger and end["state"] in {"rejected", "discarded"})

    def report_times(self) -> None:
        """The report time in Planon is the one that was sent, seconds rounded down."""
        for told_of, records, text in (
            (self.record.incidents, self.incidents, "description"),
            (self.record.notes, self.notes, "text"),
        ):
            for name, found in self.by_name(records, text).items():
                told = told_of.get(name)
                is_at = datetime.fromisoformat(found["reported_at"])
                if told is not None and is_at != told.reported_at.replace(microsecond=0):
                    self.wrong["report_time_changed"].append(f"{name}: {told.reported_at} became {is_at}")

    def order(self) -> None:
        """A note comes after its incident, and notes of one incident in the order in which they were accepted."""
        committed = {i["incident_number"]: datetime.fromisoformat(i["committed_at"]) for i in self.incidents}
        of_incident = defaultdict(list)
        for note in self.notes:
            if datetime.fromisoformat(note["committed_at"]) < committed[note["incident_number"]]:
                self.wrong["order_violations"].append(f"{note['external_ref']} came before its incident")
            name = str(note["text"]).partition("\n")[0]
            if name in self.record.notes:
                of_incident[self.record.notes[name].about].append(name)
        accepted = defaultdict(list)
        for told in self.record.notes.values():
            accepted[told.about].append(told.name)
        for about, names in of_incident.items():
            if names != [name for name in accepted[about] if name in names]:
                self.wrong["order_violations"].append(f"{about} has its notes in the order {names}")

    def clocks(self) -> None:
        """An incident without a clock asks for attention, or is parked."""
        incidents = self.by_name(self.incidents, "description")
        for told in self.record.incidents.values():
            found, end = incidents.get(told.name), self.ends[told.delivery]
            stands_still = found is not None and found["sla_due"] is None
            if stands_still and end["attention"] not in NOTICED and end["state"] == "delivered":
                self.wrong["sla_missing_unnoticed"].append(f"{told.name} has no clock; its delivery is {end}")


def judge(record: Record, ledger: Mapping[str, list[dict[str, Any]]], ends: Mapping[str, Mapping[str, Any]]) -> Judged:
    """Judge a campaign that has come to rest.

    Args:
        record: what the clients were told.
        ledger: incidents and notes as the control port shows them, oldest commit first.
        ends: by delivery, its `state` and `attention`, and `held_back`: whether it stands behind one that needs a
            person; `rest_held_back`: whether that, or a person, is what the rest of its text waits for.
    """
    court = _Court(record, ledger["incidents"], ledger["notes"], ends)
    for question in (court.duplicates, court.lost, court.report_times, court.order, court.clocks):
        question()
    counted = {name: len(court.wrong[name]) for name in Verdict.__slots__ if name != "accepted"}
    lines = [f"{kind}: {line}" for kind, found in court.wrong.items() for line in found]
    return Judged(Verdict(len(record.incidents), **counted), [*record.wrong, *lines], court.held_back)


def as_json(verdict: Verdict) -> dict[str, int]:
    """Return the members of the campaign's last line."""
    return asdict(verdict)
