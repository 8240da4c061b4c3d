"""Documents of every schema that is shipped: valid ones, and ones in which something is wrong, for hypothesis."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from lxml import etree

import schemas
from schemas.layout import Layout

XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
SCHEMAS: Final = {
    "appsuite/incident.xsd": "Incident",
    "appsuite/incident-sla.xsd": "Incident",
    "appsuite/incident-sla-wbv.xsd": "Incident",
    "appsuite/incident-sla-sch.xsd": "Incident",
    "planon/communication-log.xsd": "CommunicationLog",
    "appsuite/reply.xsd": "Fault",
}
GOOD: Final = {
    "BO_EXTERNAL_REF": ["DEMO-A", "A" * 32],
    "BO_MANDANT": ["WBV", "SCH"],
    "BO_ORDER_TYPE": ["CORRECTIVE"],
    "BO_CATEGORY": ["GROUNDS"],
    "BO_TRADE": ["LIFTS"],
    "BO_SEVERITY": ["high"],
    "BO_PRIORITY": ["0", "1", "4", "5", "02", "+2", " 2 ", "\n3\t"],
    "BO_STATUS": ["REPORTED"],
    "BO_CHANNEL": ["SMS"],
    "BO_REPORT_DATE": ["2026-11-19T22:14:03+01:00", "2028-02-29T00:00:00-14:00"],
    "BO_PLANNED_START": ["2026-11-19T22:14:03+01:00"],
    "BO_PLANNED_END": [" 2026-11-19T22:14:03+01:00\n"],
    "BO_DESCRIPTION": ["Kraan lekt\n\nVerbatim:\n 😱 ", "x" * 6000, "😱" * 6000],
    "BO_LANGUAGE": ["NL"],
    "BO_REPORTER_PHONE": ["+31610001001"],
    "BO_REPORTER_EMAIL": ["a@b"],
    "BO_CALLBACK_WANTED": ["true", "0", " false "],
    "BO_UNDER_WARRANTY": ["1"],
    "BO_RECHARGE_TENANT": ["false"],
    "BO_ESTIMATED_COST": ["12.30", "0", ".5", "1234567.89"],
    "INCIDENT_NUMBER": ["INC-000482", "a/b_c.d"],
    "REPORTED_AT": ["2026-11-19T22:14:03+01:00"],
    "TEXT": ["nog steeds", "\n"],
    "EXTERNAL_REF": ["DEMO-A"],
    "LOG_TYPE": ["VISIT"],
    "Code": ["TOO_LARGE"],
    "Text": ["", " ", "geen XML"],
}
CODES: Final = ["TNT-10001", "A" * 20, "9"]
BAD: Final = [
    "",
    " ",
    "\n",
    "x",
    "A" * 21,
    "A B",
    "A\n",
    "Å",
    "😱" * 6001,
    "-1",
    "5",
    "6",
    "2.0",
    "1e3",
    "--1",
    "+-1",
    "1,5",
    "1_000",
    "0x10",
    "NaN",
    "INF",
    "true",
    "TRUE",
    "wbv",
    "WBV ",
    "2026-11-19T22:14:03",
    "2026-11-19T22:14:03Z",
    "2026-11-19T22:14:03.5+01:00",
    "2026-11-19T24:00:00+01:00",
    "2026-11-19T23:59:60+01:00",
    "2026-02-29T22:14:03+01:00",
    "0000-01-01T00:00:00+00:00",
    "2026-11-19T22:14:03+14:01",
    "2026-11-19T22:14:03+15:00",
    "a@b@c",
    "123456789.123",
]
NUMBERS: Final = st.text("0123456789+-.eE_ \t\x85\u00a0\u0662\u2003", min_size=1, max_size=4)
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff"), max_size=12).map(
    lambda text: "".join(it for it in text if it in "\t\n\r" or it >= " ")
)


@dataclass
class Generated:
    """A document and what was done to it."""

    root: etree._Element
    namespace: str
    done: list[str]


def layout_of(schema: str) -> Layout:
    return Layout(schemas.path(f"xsd/{schema}"), SCHEMAS[schema])


@st.composite
def documents(draw: st.DrawFn, schema: str, layout: Layout) -> Generated:
    """Draw a document that may be valid, and do up to three things to it."""
    nsmap: dict[str | None, str] = {None: layout.namespace}
    root = etree.Element(f"{{{layout.namespace}}}{SCHEMAS[schema]}", nsmap=nsmap)  # type: ignore[arg-type]
    for place in layout.places:
        if place.mandatory or draw(st.integers(0, 3)) == 0:
            child = etree.SubElement(root, f"{{{layout.namespace}}}{place.name}")
            child.text = draw(st.sampled_from(GOOD.get(place.name, CODES)))
    generated = Generated(root, layout.namespace, [])
    for _ in range(draw(st.integers(0, 3))):
        mutation = draw(st.sampled_from(MUTATIONS))
        mutation(draw, generated)
        generated.done.append(mutation.__name__)
    return generated


def value(draw: st.DrawFn, it: Generated) -> None:
    """Give an element another value."""
    _any(draw, it).text = draw(st.one_of(st.sampled_from(BAD), TEXT, NUMBERS))


def lacking(draw: st.DrawFn, it: Generated) -> None:
    """Leave an element out."""
    child = _any(draw, it)
    if child is not it.root:
        it.root.remove(child)


def twice(draw: st.DrawFn, it: Generated) -> None:
    """Have an element twice."""
    child = _any(draw, it)
    if child is not it.root:
        it.root.append(deepcopy(child)) if draw(st.booleans()) else child.addnext(deepcopy(child))


def moved(draw: st.DrawFn, it: Generated) -> None:
    """Put an element elsewhere."""
    child = _any(draw, it)
    if child is not it.root:
        it.root.insert(draw(st.integers(0, len(it.root))), child)


def unknown(draw: st.DrawFn, it: Generated) -> None:
    """Add an element that no schema knows, or one of another namespace."""
    namespace = draw(st.sampled_from([it.namespace, "urn:other", ""]))
    name = draw(st.sampled_from(["BO_NONSENSE", "BO_SLA", "TEXT"]))
    child = etree.Element(f"{{{namespace}}}{name}" if namespace else name)
    child.text = "A"
    it.root.insert(draw(st.integers(0, len(it.root))), child)


def attribute(draw: st.DrawFn, it: Generated) -> None:
    """Give an element an attribute, instructions to validators included."""
    names = ["lang", f"{XSI}nil", f"{XSI}type", f"{XSI}schemaLocation", f"{XSI}noNamespaceSchemaLocation"]
    name = draw(st.sampled_from([*names, "{http://www.w3.org/XML/1998/namespace}lang", f"{XSI}other"]))
    _any(draw, it).set(
        name, draw(st.sampled_from(["true", "false", "", "Severity", "xs:string", "urn:other other.xsd"]))
    )


def mixed(draw: st.DrawFn, it: Generated) -> None:
    """Put text between elements; white space is allowed there."""
    _any(draw, it).tail = draw(st.sampled_from([" ", "\n\t", "x", "\u00a0", " x "]))
    it.root.tail = None


def nested(draw: st.DrawFn, it: Generated) -> None:
    """Put an element into one that holds text, or one more level around."""
    etree.SubElement(_any(draw, it), draw(st.sampled_from([f"{{{it.namespace}}}BO_SLA", "x"])))


def emptied(draw: st.DrawFn, it: Generated) -> None:
    """Leave nothing but the root."""
    del draw
    for child in list(it.root):
        it.root.remove(child)


def renamed(draw: st.DrawFn, it: Generated) -> None:
    """Give the root another name."""
    it.root.tag = draw(st.sampled_from(["Incident", f"{{{it.namespace}}}BO_SLA", f"{{{it.namespace}}}IncidentReply"]))


MUTATIONS: Final = [value, value, value, lacking, twice, moved, unknown, attribute, mixed, nested, emptied, renamed]


def _any(draw: st.DrawFn, it: Generated) -> etree._Element:
    return draw(st.sampled_from([it.root, *it.root])) if len(it.root) else it.root
