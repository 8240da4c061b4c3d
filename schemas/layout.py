"""Reads from a schema what a composer needs of a document's elements: order, necessity and length.

xmlschema knows all that, but takes a second of every start; a flat document needs little of it. What is not understood
is an error, never a guess.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from schemas.definitions import XSD, Definitions, LayoutUnreadable

_NONE: Final = "0"


@dataclass(frozen=True, slots=True)
class Place:
    """One element of a flat document.

    Attributes:
        name: local name.
        mandatory: whether every document must have it.
        max_length: longest text in characters; None when the schema sets no limit.
        holds_text: whether it holds text, and not elements of its own.
        keeps_space: whether line breaks and runs of blanks in its text stay for who reads it.
    """

    name: str
    mandatory: bool
    max_length: int | None
    holds_text: bool
    keeps_space: bool


class Layout:
    """The elements of one root element, in the schema's order. `accepts` may be called from several threads at once.

    Args:
        file: the schema; what it includes lies beside it.
        root: local name of the root element.

    Raises:
        LayoutUnreadable: it is no schema of a flat document, or it uses something that is not understood.
        lxml.etree.XMLSchemaParseError: it is not a usable schema.
        OSError: a file cannot be read.
    """

    def __init__(self, file: Path, root: str) -> None:
        etree.XMLSchema(file=str(file))  # what libxml2 takes has no circular types
        self._definitions = Definitions(file)
        self._declared: dict[str, etree._Element] = {}
        self.namespace = self._definitions.namespace
        element = self._definitions.find("element", root)
        if element is None:
            raise LayoutUnreadable(f"{file.name} has no global element {root}")
        self.places = tuple(self._in_type(self._definitions.type_of(element), optional=False))
        self._probe = self._compiled(file)

    def place(self, name: str) -> Place | None:
        """Return the element of this name, if there is one."""
        return next((place for place in self.places if place.name == name), None)

    def accepts(self, name: str, value: str) -> bool:
        """Whether an element may hold this text, as the deciding validator sees it."""
        probe = etree.Element(f"{{{self.namespace}}}probe.{name}")
        try:
            probe.text = value
        except ValueError:  # a character that XML forbids
            return False
        return self._probe.validate(probe)

    def _in_type(self, kind: etree._Element | None, *, optional: bool) -> Iterator[Place]:
        if kind is None or kind.tag != f"{XSD}complexType":
            raise LayoutUnreadable("the root element holds no elements")
        for child in kind:
            if child.tag == f"{XSD}complexContent":
                (derived,) = child.iterchildren(f"{XSD}extension", f"{XSD}restriction")
                if derived.tag == f"{XSD}extension":
                    yield from self._in_type(self._definitions.base_of(derived), optional=optional)
                yield from self._in_group(derived, optional=optional)
                return
        yield from self._in_group(kind, optional=optional)

    def _in_group(self, group: etree._Element, *, optional: bool) -> Iterator[Place]:
        for child in group:
            name = etree.QName(child).localname
            may_lack = optional or child.get("minOccurs") == _NONE
            if child.get("maxOccurs") == _NONE or name in {"annotation", "attribute", "attributeGroup", "anyAttribute"}:
                continue
            if name == "element":
                yield self._place(child, mandatory=not may_lack)
            elif name in {"sequence", "all"}:
                yield from self._in_group(child, optional=may_lack)
            elif name == "choice":
                yield from self._in_group(child, optional=True)
            elif name == "group" and (found := self._definitions.refers("group", child)) is not None:
                yield from self._in_group(found, optional=may_lack)
            elif name != "any":
                raise LayoutUnreadable(f"{name} is not understood")

    def _place(self, element: etree._Element, *, mandatory: bool) -> Place:
        declared = self._definitions.refers("element", element) if element.get("ref") else element
        name = "" if declared is None else declared.get("name", "")
        if declared is None or name in self._declared:
            raise LayoutUnreadable(f"{element.get('ref') or name} is declared twice, or elsewhere")
        if declared is element and not self._definitions.is_qualified(element):
            raise LayoutUnreadable(f"{name} is not qualified (elementFormDefault)")
        self._declared[name] = declared
        kind = self._definitions.type_of(declared)
        holds_text = kind is None or kind.tag == f"{XSD}simpleType"
        keeps_space = holds_text and self._definitions.keeps_white_space(declared)
        return Place(name, mandatory, self._definitions.max_length(kind), holds_text, keeps_space)

    def _compiled(self, file: Path) -> etree.XMLSchema:
        """Return a schema in which each element can be the root, so that one value can be tried alone."""
        schema = etree.Element(f"{XSD}schema", {"targetNamespace": self.namespace}, nsmap={"its": self.namespace})
        etree.SubElement(schema, f"{XSD}include", {"schemaLocation": file.name})
        for name, declared in self._declared.items():
            probe = etree.SubElement(schema, f"{XSD}element", {"name": f"probe.{name}"})
            kind = declared.get("type")
            if kind is not None and self._definitions.is_builtin(declared, kind):
                probe.append(_restriction_of(kind.rpartition(":")[2]))
            elif kind is not None:
                probe.set("type", f"its:{kind.rpartition(':')[2]}")
            else:
                probe.extend(deepcopy(child) for child in declared)
        text = etree.tostring(schema)
        return etree.XMLSchema(etree.fromstring(text, base_url=str(file.with_name("probe.xsd"))))


def _restriction_of(builtin: str) -> etree._Element:
    kind = etree.Element(f"{XSD}simpleType", nsmap={"xs": XSD.strip("{}")})
    etree.SubElement(kind, f"{XSD}restriction", {"base": f"xs:{builtin}"})
    return kind
