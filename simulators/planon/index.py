"""Records by syscode, by incident number and by external reference: nothing is searched through."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

SEARCHABLE: Final = ("EXTERNAL_REF", "INCIDENT_NUMBER")
"""Fields that a filter may name."""

RecordT = TypeVar("RecordT")


class Index(Generic[RecordT]):
    """Records of one kind in the order of their commits. Not safe for several threads."""

    def __init__(self) -> None:
        self._records: dict[int, RecordT] = {}
        self._syscodes: defaultdict[tuple[str, str], list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, syscode: int) -> RecordT:
        return self._records[syscode]

    def add(self, syscode: int, record: RecordT, number: str, reference: str | None) -> None:
        """Append a record; numbers and references need not be unique."""
        self._records[syscode] = record
        self._syscodes["INCIDENT_NUMBER", number].append(syscode)
        if reference is not None:
            self._syscodes["EXTERNAL_REF", reference].append(syscode)

    def put(self, syscode: int, record: RecordT) -> None:
        """Replace a record that keeps its number, its reference and its place."""
        self._records[syscode] = record

    def get(self, syscode: int) -> RecordT | None:
        """Return a record, or None."""
        return self._records.get(syscode)

    def find(self, wanted: Mapping[str, str]) -> list[int]:
        """Return syscodes, oldest first, whose fields all have the wanted values; `wanted` is not empty."""
        first, *others = (self._syscodes.get(pair, []) for pair in wanted.items())
        return [syscode for syscode in first if all(syscode in other for other in others)]

    def all(self) -> list[RecordT]:
        """Return all records, oldest first."""
        return list(self._records.values())
