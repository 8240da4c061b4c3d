"""Cuts the power at random points, life after life on one disk, and judges what is left after each."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.power_journal import read_journal
from tests.reliability.power_library import CUT
from tests.reliability.power_lives import UNCUT, Line, Lives
from tests.reliability.power_rebuild import Disk, write_folder
from tests.reliability.power_verdict import Told, Verdict

_COUNT = 3000
"""Reports of a life: more than any cut lets it accept."""
_NEVER: dict[str, str | int] = {"cut_on": "", "cut_at": 0}
_LATEST = 5000
"""By then the main file has been written twice from the log."""


@dataclass(frozen=True)
class Campaign:
    """Where it is played, and by whom."""

    lives: Lives
    folder: Path
    chance: random.Random
    verdict: Verdict

    def cut_random(self, points: int) -> None:
        """Cut at so many points; up to six in a row are of one disk, whose last life ends in peace."""
        disks = 0
        until = self.verdict.points + points
        while self.verdict.points < until:
            disks += 1
            place = self.folder / f"disk-{disks}"
            self._one_disk(place, min(self.chance.randint(1, 6), until - self.verdict.points))
            shutil.rmtree(place)

    def cut_opening(self, times: int, *, everywhere: bool) -> None:
        """Cut a first life that has nothing to do at each of its points, or where small files are made and renamed.

        What a cut leaves is decided `times` times.
        """
        whole = self.folder / "whole"
        _folder(whole / "0")
        self._live(whole, 0, _NEVER, count=0)
        records = list(read_journal(whole / "0.journal"))
        for cut_at, record in enumerate(records, 1):
            if everywhere or not record.path.endswith(("/shim.db", "/shim.db-wal")):
                self._cut_first_life(cut_at, times, f"opening {cut_at} of {len(records)}")

    def _cut_first_life(self, cut_at: int, times: int, point: str) -> None:
        place = self.folder / f"opening-{cut_at}"
        _folder(place / "0")
        disk = Disk(place / "0")
        self._live(place, 0, {**_NEVER, "cut_at": cut_at}, count=0)
        disk.replay(read_journal(place / "0.journal"))
        for time in range(1, times + 1):
            write_folder(place / str(time), disk.cut(self.chance), place / "0")
            self.verdict.points += 1
            self._judge(Told(), place / str(time), point)
        shutil.rmtree(place)

    def _one_disk(self, place: Path, cuts: int) -> None:
        told = Told()
        _folder(place / "0")
        for life in range(cuts):
            cut = self._choose(first=life == 0)
            disk = Disk(place / str(life))
            lines = self._live(place, life, cut, count=_COUNT, has=told.has)
            told.hear(lines)
            disk.replay(read_journal(place / f"{life}.journal"))
            write_folder(place / str(life + 1), disk.cut(self.chance), place / str(life))
            self.verdict.points += 1
            point = f"{place.name} life {life} {cut}"
            if not self.verdict.lived(lines, CUT, point) or not self._judge(told, place / str(life + 1), point):
                return
        last = self.lives.live("work", place / str(cuts), UNCUT, life=f"{place.name}-end", has=told.has, count=0)
        told.hear(last)
        if self.verdict.lived(last, 0, f"{place.name} end"):
            self._judge(told, place / str(cuts), f"{place.name} end")
        self.verdict.close(told, place.name)

    def _choose(self, *, first: bool) -> dict[str, str | int]:
        """Choose where a life is cut: early as often as late, and every fourth time while the main file is written."""
        chance = self.chance
        if chance.random() < 0.25:
            return {"cut_on": "/shim.db", "cut_at": chance.randint(1, 200)}
        if first and chance.random() < 0.5:
            return {"cut_on": "", "cut_at": chance.randint(1, 150)}
        return {"cut_on": "", "cut_at": int(_LATEST ** chance.uniform(0.1, 1))}

    def _live(self, place: Path, life: int, cut: dict[str, str | int], **told: int | list[str]) -> list[Line]:
        folder = place / str(life)
        disk = {"prefix": f"{folder}/", "journal": str(place / f"{life}.journal"), **cut}
        return self.lives.live("work", folder, disk, life=f"{place.name}-{life}", **{"has": [], **told})

    def _judge(self, told: Told, folder: Path, point: str) -> bool:
        """Open a copy in a life of its own: the next life finds the disk as the cut left it; say whether it opens."""
        copy = shutil.copytree(folder, folder.with_name("copy"))
        found = self.lives.live("judge", copy, UNCUT)
        shutil.rmtree(copy)
        return self.verdict.compare(told, found, point)


def _folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True)
