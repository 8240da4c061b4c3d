"""Chances that a seed repeats: the nth request of an operation meets the same luck in every run."""

from random import Random


class Dice:
    """A stream of its own per fault and operation, so that the others' requests do not shift it.

    With several connections it is the order in which requests arrive that a seed cannot repeat.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[tuple[str, str], Random] = {}

    def roll(self, fault: str, operation: str) -> float:
        """Return the next number of that stream, from 0 up to and without 1."""
        stream = self._streams.get((fault, operation))
        if stream is None:
            stream = Random(f"{self.seed}/{fault}/{operation}")  # noqa: S311 - it must be repeatable
            self._streams[fault, operation] = stream
        return stream.random()
