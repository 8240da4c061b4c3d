"""Compares what is on a disk after a power cut with what was told before it."""

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any, Final

from tests.reliability.power_lives import Line

_FIGURES: Final = ("points", "acknowledged")


@dataclass
class Told:
    """What the lives of one disk have told."""

    accepted: dict[str, Line] = field(default_factory=dict)
    sends: Counter[str] = field(default_factory=Counter)
    landed: Counter[str] = field(default_factory=Counter)

    def hear(self, lines: list[Line]) -> None:
        """Remember the lines of a life."""
        for line in lines:
            if "accepted" in line:
                self.accepted[line["accepted"]] = line
            if "sent" in line:
                self.sends[line["sent"]] += 1
                self.landed[line["sent"]] += line["lands"]

    @property
    def has(self) -> list[str]:
        """The references that the receiver has."""
        return [reference for reference, times in self.landed.items() if times]


@dataclass
class Verdict:
    """The campaign's figures; all but `points` and `acknowledged` must be 0."""

    points: int = 0
    acknowledged: int = 0
    lost: int = 0
    changed: int = 0
    attempts_forgotten: int = 0
    half_written: int = 0
    duplicates: int = 0
    unopenable: int = 0
    damaged: int = 0
    evidence: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        """Everything but the evidence."""
        return {row.name: getattr(self, row.name) for row in fields(self) if row.name != "evidence"}

    @property
    def faults(self) -> int:
        """How much is wrong."""
        return sum(count for name, count in self.figures.items() if name not in _FIGURES)

    def lived(self, lines: list[Line], code: int, point: str) -> bool:
        """Say whether a life ended with the code that it should; another could not open what a cut left."""
        if lines[-1]["ended"] == code:
            return True
        self.unopenable += 1
        self.evidence.append(f"{point}: {lines[-3:]}")
        return False

    def compare(self, told: Told, found: list[Line], point: str) -> bool:
        """Count what a judge found missing after a cut; say whether it could open what is left."""
        if not self.lived(found, 0, point):
            return False
        before = self.faults
        self._compare(told, found[0])
        if self.faults != before:
            self.evidence.append(f"{point}: {len(found[0]['entries'])} entries, so far {self.figures}")
        return True

    def _compare(self, told: Told, seen: Line) -> None:
        entries: dict[str, Any] = seen["entries"]
        recorded = {entry["reference"]: entry["sends"] for entry in entries.values()}
        kept = [(line, entries[name]) for name, line in told.accepted.items() if name in entries]
        self.lost += len(told.accepted) - len(kept)
        self.changed += sum(
            any(line[part] != entry[part] for part in ("sha256", "reported_at")) for line, entry in kept
        )
        self.attempts_forgotten += sum(max(0, sends - recorded.get(name, 0)) for name, sends in told.sends.items())
        self.half_written += len(set(seen["keys"]) ^ entries.keys())
        self.damaged += seen["whole"] != ["ok"]

    def close(self, told: Told, disk: str) -> None:
        """Count what the lives of a disk have told."""
        self.acknowledged += len(told.accepted)
        twice = [reference for reference, times in told.landed.items() if times > 1]
        self.duplicates += sum(told.landed[reference] - 1 for reference in twice)
        if twice:
            self.evidence.append(f"{disk}: landed twice: {twice}")
