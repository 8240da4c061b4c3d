"""What checkpoints know of chains, in 48 bytes for each head: there are as many as checkpoints times busy chains."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 2**63 - 1
"""The largest number that both databases store."""
_AT_MOST: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Said:
    """What a checkpoint says, in which everything is what it should be.

    Attributes:
        at: when it was made, in milliseconds since 1970.
        heads: by chain, how many rows it has had, and the hash of the last of them.
        anchors: by chain, what its newest anchor is recognised by.
    """

    at: int
    heads: dict[str, tuple[int, str]]
    anchors: dict[str, str]


def said(body: Mapping[str, Any]) -> Said:
    """Return what a checkpoint says.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it says what no checkpoint says.
    """
    at = body["at"]
    if type(at) is not int or not 0 <= at <= _AT_MOST:
        raise ValueError("it was made at no time")
    heads = {chain: _head(n, mark) for chain, (n, mark) in body["heads"].items()}
    anchors = dict(body["anchors"].items())
    if not all(type(mark) is str for mark in anchors.values()):
        raise TypeError("an anchor's mark is a text")
    return Said(at, heads, anchors)


def _head(n: Any, mark: Any) -> tuple[int, str]:
    if type(n) is not int or not 0 < n <= MOST or len(bytes.fromhex(mark)) != _HASH_BYTES:
        raise ValueError("it is no head")
    return n, mark


@dataclass(slots=True)
class Known:
    """The heads that checkpoints know of one chain, in order."""

    ns: "array[int]" = field(default_factory=lambda: array("q"))
    checkpoints: "array[int]" = field(default_factory=lambda: array("q"))
    hashes: bytearray = field(default_factory=bytearray)

    def add(self, n: int, mark: str, checkpoint: int) -> bool:
        """Take up the next head; False if it is not after the last."""
        if n <= self.last:
            return False
        self.ns.append(n)
        self.checkpoints.append(checkpoint)
        self.hashes += bytes.fromhex(mark)
        return True

    def join(self, later: "Known") -> bool:
        """Take up the next heads; False if they are not after the last."""
        if later.ns and later.ns[0] <= self.last:
            return False
        self.ns.extend(later.ns)
        self.checkpoints.extend(later.checkpoints)
        self.hashes += later.hashes
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

    def add(self, number: int, says: Said) -> str | None:
        """Take up a checkpoint; return what is wrong with what it says."""
        self.newest = number
        self.times[number] = says.at
        self.anchors.update(says.anchors.values())
        wrong = [
            chain
            for chain, (n, mark) in says.heads.items()
            if not self.chains.setdefault(chain, Known()).add(n, mark, number)
        ]
        return f"it says of chain {wrong[0]} what cannot be" if wrong else None

    def join(self, later: "Heads") -> str | None:
        """Take up what checkpoints know that came after these; return what is wrong with it."""
        self.newest = later.newest or self.newest
        self.times |= later.times
        self.anchors |= later.anchors
        wrong = [
            chain for chain, known in later.chains.items() if not self.chains.setdefault(chain, Known()).join(known)
        ]
        return f"one before it says of chain {wrong[0]} what cannot be" if wrong else None
