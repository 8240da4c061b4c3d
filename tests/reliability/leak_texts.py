"""What is planted, handed out once each: to whoever writes a request, and to the backend that answers it."""

import threading
from collections import deque
from collections.abc import Iterable

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
        """Return the next one's text; one that is longer than `most` is cut down to the identifier as it is spelled."""
        planted = self.take()
        if most is None or len(planted.text) <= most:
            return planted.text
        at = planted.text.find(planted.spelled)
        begin = max(0, at + len(planted.spelled) + 10 - most)
        return planted.text[begin : begin + most]
