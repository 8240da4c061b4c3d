"""Named SQL statements out of a file, so that SQL is read and reviewed as SQL."""

import re
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Statements:
    """The statements of one `.sql` file, each under its `-- name:` line."""

    def __init__(self, package: str, path: str) -> None:
        parts = _NAME.split((files(package) / path).read_text(encoding="utf-8"))
        self._by_name: dict[str, str] = dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))

    def __getitem__(self, name: str) -> str:
        """Return the statement with this name."""
        return self._by_name[name]
