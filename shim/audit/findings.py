"""What a verification found."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

TOLD_MOST: Final = 1000
"""Findings that are kept; of more only the number is."""

What = Literal["row", "chain", "checkpoint", "anchor", "file"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written.

    Attributes:
        what: what it is about.
        wrong: in one sentence.
        chain: of a row, a chain or an anchor.
        n: the first row that is wrong or missing, or the last that an anchor covers.
        number: of a checkpoint, or of a line of the file.
    """

    what: What
    wrong: str
    chain: str | None = None
    n: int | None = None
    number: int | None = None

    def __str__(self) -> str:
        where = {
            "row": f"chain {self.chain}, row {self.n}",
            "chain": f"chain {self.chain}",
            "checkpoint": f"checkpoint {self.number}",
            "anchor": f"anchor of chain {self.chain} at row {self.n}",
            "file": f"line {self.number} of the file",
        }
        return f"{where[self.what]}: {self.wrong}"


@dataclass(slots=True)
class Verified:
    """What was looked at, and what was found.

    Attributes:
        rows: how many there are.
        covered: of which checkpoints know; the others could be cut off, from the last on, unseen.
        chains: how many there are.
        checkpoints: in the state and the file together.
        newest_at: when the newest was made, in milliseconds since 1970.
        findings: the first of them.
        found: how many there are.
    """

    rows: int = 0
    covered: int = 0
    chains: int = 0
    checkpoints: int = 0
    newest_at: int | None = None
    findings: list[Finding] = field(default_factory=list)
    found: int = 0

    def add(self, finding: Finding) -> None:
        """Take up another finding."""
        self.found += 1
        if len(self.findings) < TOLD_MOST:
            self.findings.append(finding)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        names = ("rows", "covered", "chains", "checkpoints", "newest_at", "found")
        findings = [
            {name: getattr(finding, name) for name in Finding.__slots__ if getattr(finding, name) is not None}
            for finding in self.findings
        ]
        return {**{name: getattr(self, name) for name in names}, "findings": findings}
