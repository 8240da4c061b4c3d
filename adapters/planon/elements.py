"""Writes a flat business document as bytes, the same bytes for the same elements, and says where each came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from contracts.delivery import Source

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a document.

    Attributes:
        name: local name.
        value: its text; None leaves the element out, and the provenance says by which rule.
        rule: how the value was decided.
        origin: where it came from.
        inputs: the fields of the request that are responsible for it, and the part of its text that each gave; a row is
            the responsibility of the field that chose it. Empty for what no request can change.
        row: the column that it was copied from, such as `contract.sla_id`; None when it comes from no row.
        personal: whether a person's words are in it, which the provenance must not repeat.
    """

    name: str
    value: str | None
    rule: str
    origin: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    row: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """A document before its dry run, and the notes that carry what it could not hold.

    Attributes:
        reference: its external reference.
        elements: in the schema's order.
        slot: what stands for an incident's number that is not known yet; None when there is none.
        rest: notes, in order; they have no rest of their own.
    """

    reference: str
    elements: tuple[Element, ...]
    slot: str | None = None
    rest: tuple["Composed", ...] = ()


def as_bytes(root: str, namespace: str, elements: Sequence[Element], *, declaration: bool = True) -> bytes:
    """Return the document in UTF-8, without white space between elements."""
    inner = "".join(
        f"<{element.name}>{escape(element.value)}</{element.name}>" for element in elements if element.value is not None
    )
    document = f"<{root} xmlns={quoteattr(namespace)}>{inner}</{root}>"
    return f"{DECLARATION if declaration else ''}{document}".encode()


def provenance(elements: Sequence[Element]) -> tuple[Source, ...]:
    """Return one source per element; a person's words are left out."""
    return tuple(
        Source(element.name, None if element.personal else element.value, element.rule, element.origin)
        for element in elements
    )
