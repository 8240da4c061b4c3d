"""What an observer may be told of an exchange, and what of it is replaced by fixed words before he is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from lxml import etree

from adapters.soap.envelope import SOAP_11
from schemas.xml import XmlRefused, parse

_ENVELOPE: Final = f"{{{SOAP_11}}}Envelope"
_FAULT: Final = f"{{{SOAP_11}}}Fault"
_SHORTEST: Final = 4
"""Characters of a secret that is looked for inside other texts; a shorter one only counts as a whole text."""


def _nothing() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class About:
    """What a caller says of a request.

    Attributes:
        operation: what it asks for, such as `Incident.read`.
        asked: names of elements of the request that are secret, and the word that stands for each.
        answered: word for every text of an answer that is no fault; None when it holds no secret.
        known: secrets by themselves, wherever they turn up, and the word that stands for each.
        expects: names that the description of the answer has.
    """

    operation: str
    asked: Mapping[str, str] = field(default_factory=dict)
    answered: str | None = None
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    expects: Callable[[], frozenset[str]] = _nothing


class Veil:
    """Replaces secrets, where they are known to stand and wherever else they turn up. Safe for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._lock = Lock()

    def asked(self, about: About, body: bytes) -> bytes | None:
        """Return a request without its secrets; None when it cannot be read as XML."""
        with self._lock:
            self._known |= about.known
        root = _parsed(body)
        if root is None:
            return None
        for element in _inside(root):
            word = about.asked.get(etree.QName(element).localname)
            if word is not None:
                self._hide(element, word)
        return self._written(root)

    def answered(self, about: About, body: bytes) -> bytes | None:
        """Return an answer without secrets; None when it cannot be read as XML."""
        root = _parsed(body)
        if root is None:
            return None
        if about.answered is not None and root.find(f".//{_FAULT}") is None:
            for element in root.iter():
                self._hide(element, about.answered)
        return self._written(root)

    def _hide(self, element: etree._Element, word: str) -> None:
        if (secret := (element.text or "").strip()) and len(element) == 0:
            with self._lock:
                # A second session is another word: a recording shows that it was renewed.
                given = sum(1 for told in self._known.values() if told.partition("-")[0] == word)
                element.text = self._known.setdefault(secret, f"{word}-{given + 1}" if given else word)

    def _written(self, root: etree._Element) -> bytes:
        with self._lock:
            known = sorted(self._known.items(), key=lambda each: -len(each[0]))
        for element in root.iter():
            element.text = _without(element.text, known)
            element.tail = _without(element.tail, known)
            for name, value in element.attrib.items():
                element.set(name, _without(str(value), known) or "")
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _parsed(body: bytes) -> etree._Element | None:
    try:
        return parse(body)
    except XmlRefused:
        return None


def _inside(root: etree._Element) -> list[etree._Element]:
    """Return the parts of the operation in an envelope's body; of another document none: it is no call."""
    if root.tag != _ENVELOPE or not len(root):
        return []
    return [part for operation in root[-1] for part in operation]


def _without(written: str | bytes | None, known: list[tuple[str, str]]) -> str | None:
    text = written.decode() if isinstance(written, bytes) else written
    if not text:
        return text
    for secret, word in known:
        if text.strip() == secret:
            return word
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, word)
    return text
