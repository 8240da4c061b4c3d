"""Pseudonymises what was exchanged, by a policy that must know every element; what it does not know is named.

Nothing here writes: what is disguised in part only is thrown away by whoever asked for it.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from contracts.snapshots import SnapshotRefused
from schemas.nodes import Node, rewritten
from shim.pseudonyms.policy import Policy
from shim.pseudonyms.pseudonyms import Pseudonyms
from shim.recording.recorded import VEILED

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
_PROTOCOL: Final[Mapping[str, re.Pattern[str]]] = {
    f"{_XSI}nil": re.compile("true|false|0|1"),
    f"{_XSI}type": re.compile(r"([A-Za-z_][\w.-]{0,40}:)?[A-Za-z_][\w.-]{0,60}"),
    f"{_SOAP}mustUnderstand": re.compile("0|1"),
    f"{_SOAP}encodingStyle": re.compile(re.escape("http://schemas.xmlsoap.org/soap/encoding/")),
}
"""Attributes of the protocol, and the values that say nothing of anybody."""
_DATES: Final = frozenset({"timestamp", "date", "birth_date"})
_KEEP: Final = "keep"
_NUMBER: Final = "number"
_INTEGER: Final = re.compile(r"[1-9][0-9]{0,17}")


def load_phrases(policy: Path) -> dict[str, frozenset[str]]:
    """Return the texts that may stay as they are, by element: the table `phrases` of a policy file.

    Raises:
        SnapshotRefused: it is no such table.
    """
    try:
        table = tomllib.loads(policy.read_text(encoding="utf-8")).get("phrases", {})
        return {str(name): frozenset(map(str, texts)) for name, texts in table.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise SnapshotRefused(f"the table phrases of {policy} cannot be used") from error


class Disguise:
    """Pseudonymises the texts of one recording; of one person, so that all times are shifted alike.

    Args:
        pseudonyms: of the key.
        policy: whose `elements` say what each element, attribute (`@name`) and member of a request is. A name with its
            parent's, such as `read/args1`, goes before the name alone.
        phrases: texts that stay as they are, by element.
        person: the backend's key of whom the recording is about.
    """

    def __init__(
        self, pseudonyms: Pseudonyms, policy: Policy, phrases: Mapping[str, frozenset[str]], person: str
    ) -> None:
        self._pseudonyms = pseudonyms
        self._elements = policy.elements
        # Where a snapshot has the same keys as texts, they must come out as there.
        self._shared = {what.space for table in policy.tables.values() for what in table.columns.values()}
        self._phrases = phrases
        self._person = person
        self._unknown: dict[str, None] = {}

    def document(self, body: bytes) -> bytes:
        """Return a document with every text replaced as the policy says."""
        return rewritten(body, self._text, self._attribute)

    def members(self, contract: str, request: Mapping[str, Any]) -> dict[str, JsonValue]:
        """Return a request with every value replaced as the policy says; `contract/member` goes before `member`."""
        return {name: self._member(contract, name, value) for name, value in request.items()}

    def value(self, parent: str, name: str, text: str) -> str:
        """Return what stands for one value."""
        if VEILED.fullmatch(text.strip()) or text.strip() in self._phrases.get(name, ()):
            return text
        what = self._elements.get(f"{parent}/{name}") or self._elements.get(name)
        if what is None:
            self._unknown[f"{parent}/{name}"] = None
            return ""
        if what.kind == _KEEP:
            return text
        if what.kind in _DATES:
            return self._date(f"{parent}/{name}", what, text)
        plain: str | int = _latin(text)
        if what.kind == _NUMBER and what.space not in self._shared and _INTEGER.fullmatch(text):
            plain = int(text)  # a schema may say that it is an integer: its pseudonym begins with no zero, and fits
        told = self._pseudonyms.of(what, plain, None, self._person)
        return "" if told is None else str(told)

    def moment(self, moment: datetime) -> datetime:
        """Return a time as all times of the recording are shifted."""
        told = self.value("recording", "now", moment.isoformat())
        return datetime.fromisoformat(told) if told else moment  # settle() refuses what was not known

    def settle(self) -> None:
        """Let pass what was disguised.

        Raises:
            SnapshotRefused: the policy did not know everything; with every name that it lacks.
        """
        if self._unknown:
            names = ", ".join(sorted(self._unknown))
            raise SnapshotRefused(
                f"the policy does not say what these are, so nothing was recorded: {names}; "
                "add each to [elements] of the adapter's policy"
            )

    def _text(self, node: Node) -> str:
        parent = node.path[-2] if len(node.path) > 1 else ""
        if not node.leaf or node.between:
            self._unknown[f"{parent}/{node.name} (text between elements)"] = None
            return ""
        return self.value(parent, node.name, node.text) if node.text.strip() else node.text

    def _attribute(self, node: Node, name: str) -> str:
        value = node.attributes[name]
        protocol = _PROTOCOL.get(name)
        if protocol is not None and protocol.fullmatch(value):
            return value
        return self.value(node.name, f"@{name.rpartition('}')[2]}", value)

    def _member(self, contract: str, name: str, value: Any) -> JsonValue:
        if isinstance(value, Mapping):
            return self.members(name, value)
        if isinstance(value, list):
            return [self._member(contract, name, each) for each in value]
        if value is None or isinstance(value, bool):
            return value
        told = self.value(contract, name, str(value))
        return told if isinstance(value, str) or not told else type(value)(told)

    def _date(self, where: str, what: Any, text: str) -> str:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            self._unknown[f"{where} (no time that can be read)"] = None
            return ""
        told = self._pseudonyms.of(what, moment, None, self._person)
        if not isinstance(told, datetime):
            raise TypeError(f"{what.kind} of a time gave {type(told).__name__}")
        if "T" not in text:
            return told.date().isoformat()
        shifted = told.isoformat()
        _, _, fraction = text.strip().partition(".")
        digits = re.match(r"\d*", fraction)
        if digits and digits[0]:
            shifted = re.sub(r"\.\d+", "." + digits[0], shifted) if "." in shifted else shifted
        return shifted.replace("+00:00", "Z") if text.strip().endswith("Z") else shifted


def _latin(text: str) -> str:
    """Return a text whose letters and digits are those that pseudonyms replace: no other script may stay readable."""
    return "".join(sign if sign.isascii() or not sign.isalnum() else "x" for sign in text)
