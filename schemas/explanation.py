"""Turns xmlschema's errors into violations: which element, which rule, which value.

xmlschema stops at the first misplaced child of an element; here the children are counted against the schema, so that a
document with three elements missing is told all three.
"""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import xmlschema
from lxml import etree
from xmlschema import validators

from contracts.errors import Violation

_LIMITS: Final = {
    validators.XsdLengthFacet: "length",
    validators.XsdMinLengthFacet: "minLength",
    validators.XsdMaxLengthFacet: "maxLength",
    validators.XsdMinInclusiveFacet: "minInclusive",
    validators.XsdMinExclusiveFacet: "minExclusive",
    validators.XsdMaxInclusiveFacet: "maxInclusive",
    validators.XsdMaxExclusiveFacet: "maxExclusive",
    validators.XsdTotalDigitsFacet: "totalDigits",
    validators.XsdFractionDigitsFacet: "fractionDigits",
}
_LENGTHS: Final = {"length", "minLength", "maxLength"}


class Explanation:
    """Explains why schemas refuse a document. Not for several threads at once.

    Building a schema leaves cyclic structures, so each is built once and kept.
    """

    def __init__(self) -> None:
        self._schemas: dict[Path, xmlschema.XMLSchema] = {}

    def of(self, schema: Path, root: etree._Element) -> list[Violation]:
        """Return at least one violation of a document that libxml2 has refused."""
        # The document is parsed and holds no DOCTYPE; "none" keeps xmlschema from following its schemaLocation hints.
        resource = xmlschema.XMLResource(root, allow="none")
        errors = self._schema(schema).iter_errors(resource)
        found = [violation for error in errors for violation in _violations(error)]
        return found or [_unexplained(schema, root)]

    def _schema(self, path: Path) -> xmlschema.XMLSchema:
        if path not in self._schemas:
            schema = xmlschema.XMLSchema(str(path), defuse="always", allow="sandbox")
            if schema.warnings:  # a blocked or missing include is only a warning to xmlschema
                raise ValueError(f"{path.name}: {schema.warnings[0]}")
            self._schemas[path] = schema
        return self._schemas[path]


def _violations(error: xmlschema.XMLSchemaValidationError) -> list[Violation]:
    element, rule_giver = error.elem, error.validator
    if isinstance(rule_giver, xmlschema.XMLSchema) or element is None:
        name = "document" if element is None else _local(element.tag)
        return [Violation(name, "is not a root element of the schema")]
    if isinstance(error, xmlschema.XMLSchemaChildrenValidationError) and isinstance(rule_giver, validators.XsdGroup):
        return _children(rule_giver, element)
    if isinstance(rule_giver, validators.XsdAttributeGroup):
        return [Violation(_local(element.tag), f"attribute is not allowed: {', '.join(error.obj)}")]
    if isinstance(rule_giver, (validators.XsdGroup, validators.XsdElement)):
        return [Violation(_local(element.tag), _content_rule(rule_giver))]
    value = element.text or ""
    return [Violation(_local(element.tag), _value_rule(rule_giver, value), value)]


def _children(group: validators.XsdGroup, element: Any) -> list[Violation]:
    present = Counter(child.tag for child in element)
    declared = {item.name: item for item in group.iter_elements() if item.name is not None}
    found = [
        Violation(_local(name), f"required element is missing from {_local(element.tag)}")
        for name, item in declared.items()
        if item.min_occurs and not present[name]
    ]
    for tag, times in present.items():
        item = declared.get(tag)
        if item is None:
            found.append(Violation(_local(tag), f"element is not known in {_local(element.tag)}"))
        elif item.max_occurs is not None and times > item.max_occurs:
            found.append(Violation(_local(tag), f"occurs {times} times, maxOccurs is {item.max_occurs}"))
    return found or [Violation(_local(element.tag), "elements are not in the schema's order")]


def _content_rule(rule_giver: object) -> str:
    if isinstance(rule_giver, validators.XsdGroup):
        return "text between elements is not allowed"
    return "elements or nil inside this element are not allowed"


def _value_rule(rule_giver: Any, value: str) -> str:
    if isinstance(rule_giver, validators.XsdEnumerationFacets):
        return f"must be one of the enumeration {', '.join(map(str, rule_giver.enumeration))}"
    if isinstance(rule_giver, validators.XsdPatternFacets):
        return f"must match the pattern {' or '.join(p.get('value', '') for p in rule_giver)}"
    name = _LIMITS.get(type(rule_giver))
    if name in _LENGTHS:
        return f"has {len(value)} characters, {name} is {rule_giver.value}"
    if name:
        return f"{name} is {rule_giver.value}"
    return f"must be a valid {getattr(rule_giver, 'local_name', None) or 'value of its type'}"


def _unexplained(schema: Path, root: etree._Element) -> Violation:
    # The two validators differ. libxml2's message may quote the document, so only the kind of its error is shown; a
    # schema object of our own, because the log of a shared one belongs to all threads.
    own = etree.XMLSchema(file=str(schema))
    own.validate(root)
    last = getattr(own.error_log, "last_error", None)
    kind = getattr(last, "type_name", "no reason given")
    return Violation(_local(root.tag), f"refused by {schema.name}: {kind}")


def _local(tag: str) -> str:
    return etree.QName(tag).localname
