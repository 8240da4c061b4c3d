"""A document as a list of its elements, for whoever compares or changes documents and knows no vendor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from schemas.xml import parse

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TRUE: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True)
class Node:
    """An element.

    Attributes:
        path: local names, from the root to the element.
        namespace: of the element; empty for none.
        text: what stands directly in it, ahead of any element; empty for nothing but white space beside elements.
        between: whether text stands behind one of its elements.
        leaf: whether it has no elements.
        attributes: value by name, as lxml writes names.
    """

    path: tuple[str, ...]
    namespace: str
    text: str
    between: bool
    leaf: bool
    attributes: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its local name."""
        return self.path[-1]

    @property
    def nil(self) -> bool:
        """Whether it says that it has no value."""
        return self.attributes.get(_NIL) in _TRUE


def nodes(document: bytes) -> list[Node]:
    """Return the elements of a document, in order.

    Raises:
        XmlRefused: it cannot be read.
    """
    return [node for node, _ in _walk(parse(document), ())]


def rewritten(document: bytes, text: Callable[[Node], str], attribute: Callable[[Node, str], str]) -> bytes:
    """Return a document in UTF-8 whose texts and attribute values are what the two functions say.

    Args:
        document: as it came.
        text: new text of an element that has one; text between elements is left out, and asked for here all the same.
        attribute: new value of an attribute, by its name.

    Raises:
        XmlRefused: it cannot be read.
    """
    root = parse(document)
    for node, element in list(_walk(root, ())):
        if node.text or node.between:
            element.text = text(node)
        if node.between:
            for child in element:
                child.tail = None
        for name in node.attributes:
            element.set(name, attribute(node, name))
    declared = document.removeprefix(b"\xef\xbb\xbf").startswith(b"<?xml")
    return etree.tostring(root, xml_declaration=declared, encoding="UTF-8")


def _walk(element: etree._Element, above: tuple[str, ...]) -> Iterator[tuple[Node, etree._Element]]:
    name = etree.QName(element)
    text, inner = element.text or "", list(element)
    node = Node(
        (*above, name.localname),
        name.namespace or "",
        text if text.strip() or not inner else "",
        any((child.tail or "").strip() for child in inner),
        not inner,
        {str(key): str(value) for key, value in element.attrib.items()},
    )
    yield node, element
    for child in inner:
        yield from _walk(child, node.path)
