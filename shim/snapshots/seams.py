"""Values that two cells of one row make together: raw bytes hold them by chance, because fields stand side by side."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from contracts.snapshots import Row
from shim.snapshots.words import joined

_EDGE: Final = "\n"


def seams(rows: Iterable[Row], values: Collection[str]) -> Counter[str]:
    """Count in how many rows one cell ends with the beginning of a value, and another begins with its rest.

    Args:
        rows: of a table, texts as str. In which order a format writes the fields of a row is not known.
        values: as `joined`.
    """
    halves = {value: [(value[:at] + _EDGE, _EDGE + value[at:]) for at in range(1, len(value))] for value in values}
    found = Counter[str]()
    for row in rows:
        texts = [joined(cell) for cell in row if isinstance(cell, str)]
        cells = f"{_EDGE}{_EDGE.join(texts)}{_EDGE}"
        for value, parts in halves.items():
            found[value] += any(begin in cells and rest in cells for begin, rest in parts)
    return found
