"""Turns xmlschema's errors into violations: which element, on which line, which rule, which value.

xmlschema stops at the first misplaced child of an element; here the children are counted against the schema, so that a
document with three elements missing is told all three.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import xmlschema
from lxml import etree
from xmlschema import validators

from contracts.errors import Violation

_NO_ROOT: Final = "is not a root element of the schema"
_LIMITS: Final = {
    validators.XsdLengthFacet: "exactly {} are allowed (length)",
    validators.XsdMinLengthFacet: "at least {} are needed (minLength)",
    validators.XsdMaxLengthFacet: "at most {} are allowed (maxLength)",
    validators.XsdMinInclusiveFacet: "must be at least {} (minInclusive)",
    validators.XsdMinExclusiveFacet: "must be more than {} (minExclusive)",
    validators.XsdMaxInclusiveFacet: "must be at most {} (maxInclusive)",
    validators.XsdMaxExclusiveFacet: "must be less than {} (maxExclusive)",
    validators.XsdTotalDigitsFacet: "may have {} digits (totalDigits)",
    validators.XsdFractionDigitsFacet: "may have {} digits behind the point (fractionDigits)",
}
"""Each facet with a limit, in words; those of a length stand behind the length that was found."""
_LENGTHS: Final = (validators.XsdLengthFacet, validators.XsdMinLengthFacet, validators.XsdMaxLengthFacet)


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
        found: list[Violation] = []
        # A type that the document names and the schema has not (xsi:type) is an exception in the middle.
        with suppress(xmlschema.XMLSchemaException):
            for error in self._schema(schema).iter_errors(resource):
                found += _violations(error)
        return found or [_unexplained(schema, root)]

    def _schema(self, path: Path) -> xmlschema.XMLSchema:
        if path not in self._schemas:
            schema = xmlschema.XMLSchema(str(path), defuse="always", allow="sandbox")
            if schema.warnings:  # a blocked or missing include is only a warning to xmlschema
                raise ValueError(f"{path.name}: {schema.warnings[0]}")
            self._schemas[path] = schema
        return self._schemas[path]


def _violations(error: xmlschema.XMLSchemaValidationError) -> list[Violation]:
    element: Any = error.elem  # as it was parsed: with lxml, which knows lines
    rule_giver = error.validator
    if element is None:
        return [Violation("document", _NO_ROOT)]
    name, line = _local(element.tag), element.sourceline
    if isinstance(rule_giver, xmlschema.XMLSchema):
        return [Violation(name, _NO_ROOT, line=line)]
    if isinstance(error, xmlschema.XMLSchemaChildrenValidationError) and isinstance(rule_giver, validators.XsdGroup):
        return _children(rule_giver, element)
    if isinstance(rule_giver, validators.XsdAttributeGroup):
        return [Violation(name, f"must not have the attribute {', '.join(error.obj)}", line=line)]
    if isinstance(rule_giver, (validators.XsdGroup, validators.XsdElement)):
        return [Violation(name, _content_rule(rule_giver), line=line)]
    value = element.text or ""
    return [Violation(name, _value_rule(rule_giver, value), value, line)]


def _children(group: validators.XsdGroup, element: Any) -> list[Violation]:
    present: dict[str, list[Any]] = {}
    for child in element:
        present.setdefault(child.tag, []).append(child)
    declared = {item.name: item for item in group.iter_elements() if item.name is not None}
    parent = _local(element.tag)
    found = [
        Violation(_local(name), f"is missing, and {parent} must have it", line=element.sourceline)
        for name, item in declared.items()
        if item.min_occurs and name not in present
    ]
    for tag, children in present.items():
        item, line = declared.get(tag), children[-1].sourceline
        if item is None:
            found.append(Violation(_local(tag), f"is no element of {parent}", line=line))
        elif item.max_occurs is not None and len(children) > item.max_occurs:
            rule = f"is there {len(children)} times, {item.max_occurs} is allowed (maxOccurs)"
            found.append(Violation(_local(tag), rule, line=line))
    return found or [Violation(parent, "does not have its elements in the schema's order", line=element.sourceline)]


def _content_rule(rule_giver: object) -> str:
    if isinstance(rule_giver, validators.XsdGroup):
        return "must not have text between its elements"
    return "must not have elements or nil inside"


def _value_rule(rule_giver: Any, value: str) -> str:
    if isinstance(rule_giver, validators.XsdEnumerationFacets):
        return f"must be one of {', '.join(map(str, rule_giver.enumeration))} (enumeration)"
    if isinstance(rule_giver, validators.XsdPatternFacets):
        return f"must match {' or '.join(p.get('value', '') for p in rule_giver)} (pattern)"
    words = _LIMITS.get(type(rule_giver))
    if words is None:
        return f"must be a valid {getattr(rule_giver, 'local_name', None) or 'value of its type'}"
    limit = words.format(rule_giver.value)
    return f"has {len(value)} characters, {limit}" if isinstance(rule_giver, _LENGTHS) else limit


def _unexplained(schema: Path, root: Any) -> Violation:
    # The two validators differ. libxml2's message may quote the document, so only the kind of its error is shown; a
    # schema object of our own, because the log of a shared one belongs to all threads.
    own = etree.XMLSchema(file=str(schema))
    own.validate(root)
    last = getattr(own.error_log, "last_error", None)
    kind = getattr(last, "type_name", "no reason given")
    return Violation(_local(root.tag), f"is refused by {schema.name}: {kind}", line=root.sourceline)


def _local(tag: str) -> str:
    return etree.QName(tag).localname
