"""Pseudonyms beside the originals of an invented database."""

from collections.abc import Iterable
from pathlib import Path

from contracts.snapshots import Cell
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.kinds import What
from shim.pseudonyms.ledger import Ledger
from shim.pseudonyms.pseudonyms import Pseudonyms

KEY = PseudonymKey(b"an invented key of 32 bytes or so")


class Rewritten:
    """The originals of an invented database, and their pseudonyms."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder, KEY)
        self.pseudonyms = Pseudonyms(KEY, self.ledger)

    def have(self, *told: tuple[str, Iterable[Cell]]) -> None:
        for kind, cells in told:
            for cell in cells:
                self.pseudonyms.note(What(kind), cell, self.ledger.see, self.ledger.name)
        self.ledger.assign()

    def text(self, kind: str, cell: Cell, person: str = "") -> str:
        """Return the pseudonym of a text."""
        new = self.of(kind, cell, person)
        assert isinstance(new, str)
        return new

    def of(self, kind: str, cell: Cell, person: str = "") -> Cell:
        return self.pseudonyms.of(What(kind), cell, None, person)
