"""The mapping and the schemas put together: which elements a document has, in which order, and where each comes from.

Compared once, at start: a mapping that a schema contradicts is an error there, never at 22:14.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

import schemas
from adapters.planon import sources
from adapters.planon.elements import Element
from adapters.planon.mapping import PACKAGED, Channel, DocumentNames
from adapters.planon.mapping import Mapping as Names
from adapters.planon.shape import misshapen
from adapters.planon.slot import placeholder
from contracts.desks import AdapterMisconfigured
from schemas.definitions import Definitions, LayoutUnreadable
from schemas.layout import Layout, Place

Columns = Mapping[str, frozenset[str]]

LEAST_TEXT: Final = 100
"""Characters that an element for a person's text must hold; with less, one message would be a hundred notes."""


_REFERENCE: Final = "LS-ABCDEFGHIJKLMNOPQRST-99"
"""An external reference as the shim makes it, of a note that carries another one on."""
_MOMENT: Final = "2026-11-19T22:14:03+01:00"
_WORDS: Final = "Kraan in keuken lekt\n\nVerbatim:\nkraan in keuken lekt, water staat al op de vloer"


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a document.

    Attributes:
        name: local name.
        source: a word of `sources.py`; None for a constant.
        constant: its value in every document; None when it has a source.
        section: where the mapping says so, such as `mapping.toml [incident.constants]`.
        mandatory: whether the vendor's schema or the mandant's profile demands it.
        max_length: longest text in characters by both; None without a limit.
    """

    name: str
    source: str | None
    constant: str | None
    section: str
    mandatory: bool
    max_length: int | None


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of document, elements in the schema's order, and the files of its dry run."""

    root: str
    namespace: str
    fields: tuple[Field, ...]
    schemas: tuple[Path, ...]

    def of(self, source: str) -> Field:
        """Return the element with a source that every form has."""
        return next(field for field in self.fields if field.source == source)


@dataclass(frozen=True, slots=True)
class IncidentForm(Form):
    """The incident of one mandant, with the site's words for severities and channels, by the contract's."""

    severities: Mapping[str, str]
    channels: Mapping[Channel, str]


@dataclass(frozen=True, slots=True)
class Forms:
    """Every document of one installation: incidents by mandant, notes, and the schema of the endpoint's answers."""

    incidents: Mapping[str, IncidentForm]
    note: Form
    reply: Path
    reply_namespace: str


def load_forms(mapping: Names, file: Path | None, xsd: Path | None, columns: Columns) -> Forms:
    """Compare a mapping with its schemas.

    Args:
        mapping: what the site calls things.
        file: where that was read, for errors and provenance; None is the packaged one.
        xsd: folder of the site's schemas; None is the packaged one.
        columns: of the statements `tenant` and `contract`.

    Raises:
        AdapterMisconfigured: naming the element, the mandant where it is one's, and the file.
    """
    folder, names = xsd or schemas.path("xsd/PROVENANCE.md").parent, file or PACKAGED
    try:
        incidents = {code: _incident(mapping, names, folder, columns, code) for code in mapping.mandants}
        note = _note(mapping, names, folder)
        reply = folder / mapping.reply.schema_file
        return Forms(incidents, note, reply, Definitions(reply).namespace)
    except (OSError, etree.LxmlError, LayoutUnreadable) as error:
        raise AdapterMisconfigured(f"a schema in {folder} cannot be used: {error}") from error


def _incident(mapping: Names, file: Path, folder: Path, columns: Columns, code: str) -> IncidentForm:
    mandant = mapping.mandants[code]
    making = _Making(file, folder, "incident", mapping.incident, sources.incident(columns))
    severities = mapping.severities | mandant.severities
    form = making.form((mandant.profile,), f"mandants.{code}", mandant.constants)
    if not severities:
        raise AdapterMisconfigured(f"mapping: mandant {code} has no severities ({file})")
    known = {
        "severity": severities.values(),
        "channel": mapping.incident.channel.values(),
        "reference": [_REFERENCE],
        "reported_at": [_MOMENT],
        "description": [_WORDS],
        "tenant.mandant_code": [code],
        "contract.mandant_code": [code],
    }
    making.accepted_where(form, known)
    return IncidentForm(form.root, form.namespace, form.fields, form.schemas, severities, mapping.incident.channel)


def _note(mapping: Names, file: Path, folder: Path) -> Form:
    making = _Making(file, folder, "note", mapping.note, sources.NOTE)
    form = making.form(())
    known = {
        "reference": [_REFERENCE],
        "incident": [placeholder(_REFERENCE, "")],
        "reported_at": [_MOMENT],
        "text": [_WORDS],
    }
    making.accepted_where(form, known)
    return form


class _Making:
    """One document on its way to a form."""

    def __init__(
        self, file: Path, folder: Path, section: str, document: DocumentNames, words: sources.Vocabulary
    ) -> None:
        self._file = file
        self._folder = folder
        self._section = section
        self._document = document
        self._words = words
        self._layouts: dict[str, Layout] = {}

    def wrong(self, section: str, element: str, why: str) -> AdapterMisconfigured:
        """Return the error that names section, element and file."""
        return AdapterMisconfigured(f"mapping: [{section}] {element} {why} ({self._file})")

    def form(self, profiles: Iterable[str], own: str = "", own_constants: Mapping[str, str] | None = None) -> Form:
        document = self._document
        for file in (document.schema_file, *profiles):
            self._layouts[file] = Layout(self._folder / file, document.root)
        vendor = self._layouts[document.schema_file]
        self._same_namespace(vendor.namespace)
        given = dict(self._given(own, own_constants or {}))
        fields = tuple(self._checked(given[place.name]) for place in vendor.places if place.name in given)
        self._nothing_lacks(given)
        self._well_shaped(vendor.namespace, fields)
        return Form(document.root, vendor.namespace, fields, tuple(self._folder / file for file in self._layouts))

    def accepted(self, element: str, values: Iterable[str]) -> None:
        """Try values that the mapping gives an element, in each schema."""
        for value in values:
            for file, layout in self._layouts.items():
                if not layout.accepts(element, value):
                    raise self.wrong(self._section, element, f"may not be {value!r} by {file}")

    def accepted_where(self, form: Form, known: Mapping[str, Iterable[str]]) -> None:
        """Try values by the sources that give them."""
        for field in form.fields:
            if field.source is not None:
                self.accepted(field.name, known.get(field.source, ()))

    def _same_namespace(self, namespace: str) -> None:
        for file, layout in self._layouts.items():
            if layout.namespace != namespace:
                raise AdapterMisconfigured(f"schemas: {file} has another target namespace than the vendor's schema")

    def _given(self, own: str, own_constants: Mapping[str, str]) -> Iterator[tuple[str, Field]]:
        """Yield a field for each entry of the mapping, later ones in place of earlier ones."""
        general = f"{self._section}.constants"
        for name, source in self._document.elements.items():
            yield name, self._field(name, source, None, f"{self._section}.elements")
        for section, constants in ((general, self._document.constants), (f"{own}.constants", own_constants)):
            for name, constant in constants.items():
                if name in self._document.elements:
                    raise self.wrong(section, name, "has a source already")
                yield name, self._field(name, None, constant, section)

    def _field(self, name: str, source: str | None, constant: str | None, section: str) -> Field:
        if source is not None and source not in self._words.every:
            raise self.wrong(section, name, f"has an unknown source, {source!r}")
        places = [self._place(name, section, file, layout) for file, layout in self._layouts.items()]
        limits = [place.max_length for place in places if place.max_length is not None]
        return Field(
            name,
            source,
            constant,
            f"{self._file.name} [{section}]",
            any(place.mandatory for place in places),
            min(limits, default=None),
        )

    def _place(self, name: str, section: str, file: str, layout: Layout) -> Place:
        place = layout.place(name)
        if place is None:
            raise self.wrong(section, name, f"is not an element of {file}")
        if not place.holds_text:
            raise self.wrong(section, name, f"holds elements in {file}, not text")
        return place

    def _checked(self, field: Field) -> Field:
        if field.constant is not None:
            self.accepted(field.name, [field.constant])
        if field.mandatory and field.source in self._words.optional:
            raise self.wrong(self._section, field.name, f"is mandatory, and its source {field.source} may be left out")
        if field.source in self._words.texts and (field.max_length or LEAST_TEXT) < LEAST_TEXT:
            raise self.wrong(self._section, field.name, f"holds only {field.max_length} characters of text")
        if field.source in self._words.texts:
            for file, layout in self._layouts.items():
                if (place := layout.place(field.name)) is not None and not place.keeps_space:
                    raise self.wrong(self._section, field.name, f"does not keep line breaks by {file}")
        return field

    def _well_shaped(self, namespace: str, fields: Sequence[Field]) -> None:
        """Try a document with everything, and one without what may be left out."""
        least = [field for field in fields if field.source not in self._words.optional]
        for file in self._layouts:
            schema = etree.XMLSchema(file=str(self._folder / file))
            for tried in (fields, least):
                elements = [Element(field.name, field.constant or "x", "", "") for field in tried]
                for why in misshapen(self._document.root, namespace, elements, schema):
                    raise self.wrong(self._section, self._document.root, f"cannot satisfy {file}: {why}")

    def _nothing_lacks(self, given: Mapping[str, Field]) -> None:
        for file, layout in self._layouts.items():
            for place in layout.places:
                if place.mandatory and place.name not in given:
                    raise self.wrong(self._section, place.name, f"is mandatory in {file} and has no source")
        used = [field.source for field in given.values()]
        for source in sorted(self._words.once):
            if used.count(source) != 1:
                raise self.wrong(
                    self._section, source, f"must be the source of one element, not of {used.count(source)}"
                )
