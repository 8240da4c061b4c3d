"""What is planted, handed out once each: to whoever writes a request, and to the backend that answers it."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from tests.reliability.identifiers import Planted


class Supply:
    """Texts of one batch. Thread-safe; when all are used the last one comes again."""

    def __init__(self, planted: Iterable[Planted]) -> None:
        self._waiting = deque(planted)
        self._lock = threading.Lock()
        self._last = self._waiting[-1]
        self.used = 0

    def __bool__(self) -> bool:
        """Whether there are any that nobody has used."""
        return bool(self._waiting)

    def take(self) -> Planted:
        """Return the next one."""
        with self._lock:
            if self._waiting:
                self._last = self._waiting.popleft()
                self.used += 1
            return self._last

    def text(self, most: int | None = None) -> str:
        """Return the next one's text; of one that is longer than `most` the identifier with what is said before it."""
        planted = self.take()
        if most is None or len(planted.text) <= most:
            return planted.text
        if len(planted.spelled) <= most:
            at = planted.text.find(planted.spelled)
            return planted.text[at : at + most]
        return _SHORT[planted.kind].format(planted.value)

    def quoted(self, most: int = 240) -> str:
        """Return the next one percent-encoded and whole: of a half escape nobody could say what it was."""
        planted = self.take()
        forms = (planted.text, planted.spelled, _SHORT[planted.kind].format(planted.value))
        return next(form for form in (quote(form, safe="") for form in forms) if len(form) <= most)


_SHORT: Final = {
    "bsn": "bsn {}",
    "iban": "iban {}",
    "insurance": "UZOVI of polisnummer {}",
    "agb": "AGB {}",
    "email": "{}",
    "telephone": "tel 0{}",
}
"""A value that is nothing by itself comes with the word that makes it an identifier."""
