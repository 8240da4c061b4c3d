"""The checkpoints of a state and of a file, checked against each other: what is believed of the chains."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from outbox.database import Transaction
from shim.audit.checkpoints import FORMAT, Checkpoint, anchor_hash, anchor_text, anchors, stored
from shim.audit.files import Line
from shim.audit.findings import Finding, Verified
from shim.audit.heads import Heads, said
from shim.audit.rows import FIRST, canonical
from shim.audit.signing import Trusted, Verdict


class Believing:
    """Reads checkpoints in order and says what is wrong with them.

    A signature by a key that is not known here is as good as known if a later checkpoint with a known key follows: that
    one has the hash of the one before it, and so of all. Until then nothing that it says is used.
    """

    def __init__(self, verified: Verified, trusted: Trusted) -> None:
        self.heads = Heads()
        self._verified = verified
        self._trusted = trusted
        self._previous = FIRST
        self._number = 0
        self._deployment: str | None = None
        self._unknown: list[int] = []
        self._waiting = Heads()

    def read(self, tx: Transaction, lines: Iterable[Line] | None) -> Heads:
        """Return what the checkpoints of a state, and of the lines of a file, know together."""
        for number, in_state, in_file in _together(stored(tx), self._whole(lines or ())):
            if in_state is None and number <= self._number:
                continue  # a line that is in the file twice
            self._take(number, in_state, in_file)
        for number in self._unknown:
            self._tell(number, "it is signed with a key that is not known here; is its public key at hand?")
        self._verified.checkpoints = self._number
        self._verified.newest_at = self.heads.times.get(self.heads.newest)
        return self.heads

    def _take(self, number: int, in_state: Checkpoint | None, in_file: Checkpoint | None) -> None:
        if number != self._number + 1:
            self._tell(self._number + 1, "it is missing")
        if in_state is None:
            self._tell(number, "it is in the file and not in the state")
        elif in_file is not None and (in_state.body, in_state.signature) != (in_file.body, in_file.signature):
            self._tell(number, "it is another one than in the file")
        believed = in_file or in_state
        assert believed is not None  # noqa: S101 - one of them it came from
        wrong = self._wrong(believed)
        if wrong is not None:
            self._tell(number, wrong)
            self._waiting = Heads()  # none that follows vouches for what is before this one
        self._number, self._previous = number, believed.hash

    def _wrong(self, checkpoint: Checkpoint) -> str | None:
        try:
            body = json.loads(checkpoint.body)
            if canonical(body) != checkpoint.body or body["format"] != FORMAT:
                return "it is no checkpoint"
            verdict = self._trusted.judge(checkpoint.body, checkpoint.signature, body["public_key"])
            if verdict is Verdict.BAD:
                return "it was changed: its signature does not fit"
            wrong = self._contents(checkpoint.number, body, verdict)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return "it is no checkpoint"
        if verdict is Verdict.UNKNOWN:
            self._unknown.append(checkpoint.number)
        elif wrong is None:
            self._unknown.clear()
        return wrong

    def _contents(self, number: int, body: dict[str, Any], verdict: Verdict) -> str | None:
        says = said(body)
        if body["number"] != number:
            return "it stands in another one's place"
        if body["deployment"] != (self._deployment or body["deployment"]):
            return f"it is of deployment {body['deployment']!r}"
        follows = body["previous"] == self._previous
        if verdict is Verdict.UNKNOWN:
            wrong = self._waiting.add(number, says)
        else:
            self._deployment = body["deployment"]
            waited, self._waiting = self._waiting, Heads()
            before = self.heads.join(waited) if follows else None
            wrong = self.heads.add(number, says) or before
        return wrong if follows else "the one before it is not the one that it was made after"

    def _tell(self, number: int, wrong: str) -> None:
        self._verified.add(Finding("checkpoint", wrong, number=number))

    def _whole(self, lines: Iterable[Line]) -> Iterator[Checkpoint]:
        for line in lines:
            if line.checkpoint is None:
                self._verified.add(Finding("file", "it is no checkpoint", number=line.number))
            else:
                yield line.checkpoint

    def anchors(self, tx: Transaction) -> dict[str, tuple[int, str]]:
        """Return where chains were pruned, by chain: the last row that is gone, and its hash."""
        found: dict[str, tuple[int, str]] = {}
        for row in anchors(tx):
            chain, n, mark = row["chain"], row["n"], row["hash"]
            wrong = self._wrong_anchor(dict(row))
            if wrong is not None:
                self._verified.add(Finding("anchor", wrong, chain=str(chain), n=n))
            if isinstance(n, int):
                found[chain] = n, str(mark)
        return found

    def _wrong_anchor(self, row: dict[str, Any]) -> str | None:
        try:
            return self._judged(row)
        except (TypeError, ValueError):
            return "it is no anchor"

    def _judged(self, row: dict[str, Any]) -> str | None:
        verdict = self._trusted.judge(anchor_text(row), row["signature"], row["key"])
        if verdict is Verdict.BAD:
            return "it was changed, or nobody of ours has signed it"
        if verdict is Verdict.UNKNOWN and anchor_hash(row) not in self.heads.anchors:
            return "it is signed with a key that is not known here; is its public key at hand?"
        known = self.heads.chains.get(row["chain"])
        if known is None or not known.has(row["n"], row["hash"]):
            return "no checkpoint knows the row that it says was the last"
        return None


def _together(
    in_state: Iterator[Checkpoint], in_file: Iterator[Checkpoint]
) -> Iterator[tuple[int, Checkpoint | None, Checkpoint | None]]:
    """Yield the checkpoints of both in the order of their numbers."""
    mine, theirs = next(in_state, None), next(in_file, None)
    while mine is not None or theirs is not None:
        number = min(one.number for one in (mine, theirs) if one is not None)
        here = mine if mine is not None and mine.number == number else None
        there = theirs if theirs is not None and theirs.number == number else None
        yield number, here, there
        mine = next(in_state, None) if here is not None else mine
        theirs = next(in_file, None) if there is not None else theirs
