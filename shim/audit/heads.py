"""What checkpoints know of chains, in 48 bytes for each head: there are as many as checkpoints times busy chains."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_HASH_BYTES: Final = 32


@dataclass(slots=True)
class Known:
    """The heads that checkpoints know of one chain, in order."""

    ns: "array[int]" = field(default_factory=lambda: array("q"))
    checkpoints: "array[int]" = field(default_factory=lambda: array("q"))
    hashes: bytearray = field(default_factory=bytearray)

    def add(self, n: int, mark: str, checkpoint: int) -> bool:
        """Take up the next head; False if it is none, or not after the last."""
        try:
            packed = bytes.fromhex(mark)
        except (ValueError, TypeError):
            return False
        if len(packed) != _HASH_BYTES or not isinstance(n, int) or n <= self.last:
            return False
        self.ns.append(n)
        self.checkpoints.append(checkpoint)
        self.hashes += packed
        return True

    @property
    def last(self) -> int:
        """How many rows the chain has had, as far as is known."""
        return self.ns[-1] if self.ns else 0

    def at_or_after(self, n: int) -> int:
        """Return the place of the first head that covers a row; as many as there are heads if none does."""
        return bisect_left(self.ns, n)

    def hash(self, place: int) -> str:
        """Return the hash of a head."""
        return self.hashes[place * _HASH_BYTES : (place + 1) * _HASH_BYTES].hex()

    def has(self, n: int, mark: str) -> bool:
        """Whether a row with this hash was a head."""
        place = self.at_or_after(n)
        return place < len(self.ns) and self.ns[place] == n and self.hash(place) == mark


@dataclass(slots=True)
class Heads:
    """What all checkpoints know.

    Attributes:
        chains: heads by chain.
        times: by number of a checkpoint, when it was made, in milliseconds since 1970.
        anchors: what each anchor is recognised by that a checkpoint knows.
        newest: number of the newest.
    """

    chains: dict[str, Known] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)
    anchors: set[str] = field(default_factory=set)
    newest: int = 0

    def add(self, number: int, body: Mapping[str, Any]) -> str | None:
        """Take up a checkpoint; return what is wrong with what it says."""
        self.newest = number
        self.times[number] = int(body["at"])
        self.anchors.update(body["anchors"].values())
        for chain, (n, mark) in body["heads"].items():
            if not self.chains.setdefault(chain, Known()).add(n, mark, number):
                return f"it says of chain {chain} what cannot be"
        return None
