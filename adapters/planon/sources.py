"""The words in which a mapping says where an element comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words for one kind of document.

    Attributes:
        every: all of them.
        once: what a document is not complete without, and has once.
        optional: what may be left out of a document.
        texts: what holds a person's words.
    """

    every: frozenset[str]
    once: frozenset[str]
    optional: frozenset[str]
    texts: frozenset[str]


NOTE: Final = Vocabulary(
    every=frozenset({"reference", "incident", "tenant", "reported_at", "text"}),
    once=frozenset({"reference", "incident", "tenant", "reported_at", "text"}),
    optional=frozenset(),
    texts=frozenset({"text"}),
)

_ONCE: Final = frozenset({"reference", "reported_at", "priority", "description"})
_OPTIONAL: Final = frozenset({"asset", "attachments"})


def incident(columns: Mapping[str, frozenset[str]]) -> Vocabulary:
    """Return the words for an incident; `columns` are those of the statements that give its rows."""
    cells = {f"{table}.{column}" for table, names in columns.items() for column in names}
    return Vocabulary(
        every=_ONCE | _OPTIONAL | {"severity", "channel"} | cells,
        once=_ONCE,
        optional=_OPTIONAL,
        texts=frozenset({"description"}),
    )
