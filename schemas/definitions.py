"""The named parts of a schema: its file and what that includes or redefines, by kind and name."""

from pathlib import Path
from typing import Final

from lxml import etree

from schemas.xml import XmlRefused, parse

XSD: Final = "{http://www.w3.org/2001/XMLSchema}"

_FACETS: Final = (f"{XSD}maxLength", f"{XSD}length")
_PRESERVE: Final = "preserve"
_PRESERVING: Final = frozenset({"string", "anySimpleType"})
"""The built-in types that do not collapse white space."""
_MERGED: Final = (f"{XSD}include", f"{XSD}redefine")


class LayoutUnreadable(ValueError):
    """Raised when a schema is not one of a flat document, as far as it is understood. Its text names the part."""


class Definitions:
    """The definitions of one target namespace.

    Args:
        file: a schema.

    Raises:
        LayoutUnreadable: it is no schema.
        OSError: it, or what it includes, cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self._named: dict[tuple[str, str], etree._Element] = {}
        self._redefined: dict[etree._Element, etree._Element] = {}
        self._read: set[Path] = set()
        self.namespace = self._add(file.resolve()).get("targetNamespace", "")
        if not self.namespace:
            raise LayoutUnreadable(f"{file.name} has no target namespace")

    def find(self, kind: str, name: str) -> etree._Element | None:
        """Return the global part of this kind (`element`, `group`, `simpleType`, `complexType`) and local name."""
        return self._named.get((kind, name))

    def refers(self, kind: str, part: etree._Element) -> etree._Element | None:
        """Return what the attribute `ref` of a part names."""
        return self.find(kind, _local(part.get("ref", "")))

    def type_of(self, element: etree._Element) -> etree._Element | None:
        """Return the type of an element; None for a built-in one."""
        name = element.get("type")
        if name is None:
            return next(element.iterchildren(f"{XSD}simpleType", f"{XSD}complexType"), None)
        return self._type(element, name)

    def base_of(self, derivation: etree._Element) -> etree._Element | None:
        """Return the type that a restriction or extension starts from; None for a built-in one."""
        name = derivation.get("base")
        if name is None:
            return next(derivation.iterchildren(f"{XSD}simpleType"), None)
        for owner in derivation.iterancestors(f"{XSD}simpleType", f"{XSD}complexType"):
            if owner in self._redefined and owner.get("name") == _local(name):
                return self._redefined[owner]
        return self._type(derivation, name)

    def max_length(self, kind: etree._Element | None) -> int | None:
        """Return the longest text of a simple type in characters; None when there is no limit."""
        while kind is not None:
            restriction = next(kind.iterchildren(f"{XSD}restriction"), None)
            if restriction is None:
                return None
            for facet in restriction.iterchildren(*_FACETS):
                return int(facet.get("value", ""))
            kind = self.base_of(restriction)
        return None

    def keeps_white_space(self, element: etree._Element) -> bool:
        """Return whether a reader of an element's text gets its line breaks and runs of blanks as they were written."""
        name, kind = element.get("type", ""), self.type_of(element)
        while kind is not None:
            restriction = next(kind.iterchildren(f"{XSD}restriction"), None)
            if restriction is None:
                return False  # a list, or a union of who knows what
            for facet in restriction.iterchildren(f"{XSD}whiteSpace"):
                return facet.get("value") == _PRESERVE
            name, kind = restriction.get("base", ""), self.base_of(restriction)
        return _local(name) in _PRESERVING

    def is_builtin(self, part: etree._Element, name: str) -> bool:
        """Whether a name, as a part writes it, is one of XML Schema's own types."""
        prefix = name.rpartition(":")[0] or None
        return part.nsmap.get(prefix) == XSD.strip("{}")

    def is_qualified(self, element: etree._Element) -> bool:
        """Whether a local element stands in a document with the target namespace."""
        default = element.getroottree().getroot().get("elementFormDefault", "unqualified")
        return element.get("form", default) == "qualified"

    def _type(self, part: etree._Element, name: str) -> etree._Element | None:
        if self.is_builtin(part, name):
            return None
        local = _local(name)
        found = self.find("simpleType", local)
        if found is None:
            found = self.find("complexType", local)
        if found is None:
            raise LayoutUnreadable(f"type {name} is not defined")
        return found

    def _add(self, file: Path) -> etree._Element:
        self._read.add(file)
        try:
            schema = parse(file.read_bytes())
        except XmlRefused as refused:
            raise LayoutUnreadable(f"{file.name} {refused}") from refused
        if schema.tag != f"{XSD}schema":
            raise LayoutUnreadable(f"{file.name} is no schema")
        for part in schema.iterchildren(*_MERGED):
            other = (file.parent / part.get("schemaLocation", "")).resolve()
            if other not in self._read:
                self._add(other)
            for new in part:
                self._redefine(new)
        for part in schema:
            if name := part.get("name"):
                self._named[etree.QName(part).localname, name] = part
        return schema

    def _redefine(self, new: etree._Element) -> None:
        key = etree.QName(new).localname, new.get("name", "")
        if key in self._named:
            self._redefined[new] = self._named[key]
            self._named[key] = new


def _local(name: str) -> str:
    return name.rpartition(":")[2]
