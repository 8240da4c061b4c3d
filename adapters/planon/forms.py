"""The mapping and the schemas put together: which elements a document has, in which order, and where each comes from.

Compared once, at start: a mapping that a schema contradicts is an error there, never at 22:14.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

import schemas
from adapters.planon import sources
from adapters.planon.mapping import PACKAGED, Channel, DocumentNames
from adapters.planon.mapping import Mapping as Names
from adapters.planon.slot import placeholder
from contracts.desks import AdapterMisconfigured
from schemas.definitions import Definitions, LayoutUnreadable
from schemas.layout import Layout, Place

Columns = Mapping[str, frozenset[str]]

LEAST_TEXT: Final = 100
"""Characters that an element for a person's text must hold; with less, one message would be a hundred notes."""


_REFERENCE: Final = "LS-ABCDEFGHIJKLMNOPQRST-99"
"""An external reference as the shim makes it, of a note that carries another one on."""


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
    for source, values in (("severity", severities), ("channel", mapping.incident.channel)):
        for field in form.fields:
            if field.source == source:
                making.accepted(field.name, values.values())
    making.accepted(form.of("reference").name, [_REFERENCE])
    return IncidentForm(form.root, form.namespace, form.fields, form.schemas, severities, mapping.incident.channel)


def _note(mapping: Names, file: Path, folder: Path) -> Form:
    making = _Making(file, folder, "note", mapping.note, sources.NOTE)
    form = making.form(())
    making.accepted(form.of("reference").name, [_REFERENCE])
    making.accepted(form.of("incident").name, [placeholder(_REFERENCE, "")])
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
        return Form(document.root, vendor.namespace, fields, tuple(self._folder / file for file in self._layouts))

    def accepted(self, element: str, values: Iterable[str]) -> None:
        """Try values that the mapping gives an element, in each schema."""
        for value in values:
            for file, layout in self._layouts.items():
                if not layout.accepts(element, value):
                    raise self.wrong(self._section, element, f"may not be {value!r} by {file}")

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
        return field

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
