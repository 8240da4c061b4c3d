"""The dry run: a document passes every schema of its backend, or is refused with reasons a person can act on.

lxml decides, in microseconds; only a refused document is given to xmlschema, which is fifty times slower and explains.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from lxml import etree

from contracts.errors import Violation
from schemas.xml import LIMIT_BYTES, XmlRefused, parse

if TYPE_CHECKING:
    from schemas.explanation import Explanation

_SHOWN_CHARACTERS: Final = 80


class DryRun:
    """Validates documents against one or more schemas, such as the vendor's and then the site's profile.

    `check` may be called from several threads at once.

    Args:
        steps: schema files, compiled here; what one of them includes must lie in its own folder.
        free_text: local names of elements that hold a person's words: a violation shows their length, never the words.
        limit_bytes: longest document that is read.

    Raises:
        lxml.etree.XMLSchemaParseError: if a file is not a usable schema.
    """

    def __init__(self, *steps: Path, free_text: Collection[str] = (), limit_bytes: int = LIMIT_BYTES) -> None:
        self._steps = steps
        self._free_text = frozenset(free_text)
        self._limit_bytes = limit_bytes
        self._deciding: list[Callable[[etree._Element], bool]] = [etree.XMLSchema(file=str(step)) for step in steps]
        self._explaining: Explanation | None = None
        self._lock = Lock()

    def check(self, document: bytes) -> list[Violation]:
        """Return every rule that the document breaks; an empty list means that it may be sent as it is."""
        try:
            root = parse(document, self._limit_bytes)
        except XmlRefused as refused:
            return [Violation("document", refused.reason, line=refused.line)]
        refusing = [step for step, accepts in zip(self._steps, self._deciding, strict=True) if not accepts(root)]
        if not refusing:
            return []
        # A dictionary, because the vendor's schema and the profile share their types and would report a value twice.
        found = dict.fromkeys(violation for step in refusing for violation in self._explain(step, root))
        return [self._presentable(violation) for violation in found]

    def _explain(self, step: Path, root: etree._Element) -> list[Violation]:
        # Importing xmlschema and building a schema takes 0.2 s, so it waits for the first refusal.
        from schemas.explanation import Explanation  # noqa: PLC0415 - see above

        with self._lock:
            if self._explaining is None:
                self._explaining = Explanation()
            return self._explaining.of(step, root)

    def _presentable(self, violation: Violation) -> Violation:
        value = violation.value
        if value is None:
            return violation
        if violation.field in self._free_text:
            value = f"({len(value)} characters)"
        elif len(value) > _SHOWN_CHARACTERS:
            value = value[: _SHOWN_CHARACTERS - 1] + "…"
        return replace(violation, value=value)
