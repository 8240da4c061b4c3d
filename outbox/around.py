"""What a host puts around the work on an entry, to watch it."""

from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol

from contracts.spans import SILENT, Span
from outbox.entry import Entry

Work = Literal["send", "find", "check"]


class Around(Protocol):
    """Watches the work on one entry, in the thread that does it. May be used by several threads at once."""

    def __call__(self, entry: Entry, work: Work, /) -> AbstractContextManager[Span]:
        """Begin; the span is told what came of it. It must not raise."""
        ...


def _unobserved(entry: Entry, work: Work) -> AbstractContextManager[Span]:
    del entry, work
    return SILENT


unobserved: Final[Around] = _unobserved
"""Nobody watches."""
