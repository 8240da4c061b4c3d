"""Files of one JSON object per line that survive the death of whoever writes them: ledgers and histories."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Lines:
    """A file that is only appended to. A line is one write, so it is there whole or, at worst, as a torn last line."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line; it survives this process when the call returns."""
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file that may still be written to, without a torn last one; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
