"""Finds at start what a list of elements does not show: choices, wildcards, attributes, fixed values.

A document of the mapped elements is tried with words in place of values; only what its shape breaks is looked at.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from adapters.planon.elements import Element, as_bytes

_SHAPE: Final = frozenset(
    {
        etree.ErrorTypes.SCHEMAV_ELEMENT_CONTENT,
        etree.ErrorTypes.SCHEMAV_CVC_COMPLEX_TYPE_4,  # an attribute is missing
        etree.ErrorTypes.SCHEMAV_CVC_ELT_5_2_2_2_2,  # not the fixed value
    }
)


def misshapen(root: str, namespace: str, elements: Sequence[Element], schema: etree.XMLSchema) -> Iterator[str]:
    """Yield what the schema has against a document of these elements, whatever their values."""
    document = etree.fromstring(as_bytes(root, namespace, elements))
    if not schema.validate(document):
        for error in schema.error_log.filter_types(_SHAPE):  # type: ignore[attr-defined]  # the stub forgets that it is a list
            yield error.message.replace(f"{{{namespace}}}", "")
