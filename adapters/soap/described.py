"""The schemas inside a WSDL, compiled for libxml2: a reply is judged by them before zeep reads it.

zeep is lenient where it matters: it takes `1_000` for an integer, a nil where none is allowed for None, and an
unreadable date for nothing at all.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from lxml import etree

from schemas.xml import parse

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_TYPES: Final = etree.ErrorTypes
_NOT_OF_ITS_TYPE: Final = "a value is not of its type"
_NOT_DESCRIBED: Final = "an attribute that is not described"
_RULES: Final[Mapping[int, str]] = {
    _TYPES.SCHEMAV_CVC_DATATYPE_VALID_1_2_1: _NOT_OF_ITS_TYPE,
    _TYPES.SCHEMAV_CVC_DATATYPE_VALID_1_2_2: _NOT_OF_ITS_TYPE,
    _TYPES.SCHEMAV_CVC_DATATYPE_VALID_1_2_3: _NOT_OF_ITS_TYPE,
    _TYPES.SCHEMAV_ELEMENT_CONTENT: "an element is missing, or one too many",
    _TYPES.SCHEMAV_CVC_ELT_1: "it is not described at all",
    _TYPES.SCHEMAV_CVC_ELT_3_1: "nil where none is allowed",
    _TYPES.SCHEMAV_CVC_ELT_3_2_1: "nil and a value at once",
    _TYPES.SCHEMAV_CVC_ELT_4_2: "a type that is not described",
    _TYPES.SCHEMAV_CVC_TYPE_3_1_1: "an attribute on a value",
    _TYPES.SCHEMAV_CVC_TYPE_3_1_2: "an element inside a value",
    _TYPES.SCHEMAV_CVC_COMPLEX_TYPE_2_3: "text between elements",
    _TYPES.SCHEMAV_CVC_COMPLEX_TYPE_3_2_1: _NOT_DESCRIBED,
    _TYPES.SCHEMAV_CVC_COMPLEX_TYPE_3_2_2: _NOT_DESCRIBED,
}
"""What libxml2's codes mean. Its own messages quote the answer."""


@dataclass(frozen=True, slots=True)
class _Document:
    """One schema: the name that libxml2 knows it by, and the file that it stands in."""

    name: str
    file: Path
    schema: etree._Element

    @property
    def namespace(self) -> str:
        return self.schema.get("targetNamespace") or ""

    def includes(self) -> Iterator[tuple[etree._Element, Path]]:
        """Yield what is included, and the file that it means."""
        for included in self.schema.iterfind(f"{_XS}include"):
            yield included, (self.file.parent / included.get("schemaLocation", "")).resolve()


class _Loaded(etree.Resolver):
    """Gives libxml2 the documents by their names, which exist nowhere else."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = documents

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # the stub lacks it
        del public_id
        return self.resolve_string(self._documents[system_url], context)  # type: ignore[call-arg]  # likewise


class ReplySchema:
    """Judges the content of a SOAP body. May be used by several threads at once."""

    def __init__(self, files: Mapping[Path, bytes]) -> None:
        """Compile.

        Args:
            files: a WSDL and every file that is imported from it, by resolved path.

        Raises:
            lxml.etree.LxmlError: libxml2 does not take them.
            XmlRefused, LookupError: a file is no XML, or one that is included is not among them.
        """
        schemas = [(file, schema) for file, content in files.items() for schema in _schemas(content)]
        documents = [_Document(f"described:{number}", *found) for number, found in enumerate(schemas)]
        start, named = _linked(documents)
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        parser.resolvers.add(_Loaded(named))
        self._schema = etree.XMLSchema(etree.fromstring(start, parser))
        self._lock = Lock()  # a schema's error log belongs to all threads

    def flaw(self, reply: etree._Element) -> str | None:
        """Return the first rule that a reply breaks, without its values, or None."""
        with self._lock:
            if self._schema.validate(reply):
                return None
            error = self._schema.error_log[0]  # type: ignore[index]  # the stub forgets that it is a list
        return f"{_RULES.get(error.type, 'it breaks a rule of its schema')} (line {error.line})"


def _schemas(content: bytes) -> list[etree._Element]:
    root = parse(content)
    return [root] if root.tag == f"{_XS}schema" else list(root.iter(f"{_XS}schema"))


def _linked(documents: Sequence[_Document]) -> tuple[bytes, dict[str, bytes]]:
    """Return a schema that imports every namespace, and the documents by name, which refer to each other by name."""
    names = _include(documents)
    for document in documents:
        for imported in document.schema.iterfind(f"{_XS}import"):
            imported.attrib.pop("schemaLocation", "")
            name = names.get(imported.get("namespace") or "")
            if name is not None:  # else it is one that libxml2 brings along, such as that of xml:lang
                imported.set("schemaLocation", name)
    start = etree.Element(f"{_XS}schema")
    for namespace, name in names.items():
        etree.SubElement(start, f"{_XS}import", {"namespace": namespace, "schemaLocation": name})
    return etree.tostring(start), {document.name: etree.tostring(document.schema) for document in documents}


def _include(documents: Sequence[_Document]) -> dict[str, str]:
    """Let inclusions name documents, and return one document per namespace: libxml2 imports no second one."""
    by_file = {document.file: document.name for document in documents}
    included = set()
    groups: dict[str, list[_Document]] = defaultdict(list)
    for element, file in [found for document in documents for found in document.includes()]:
        element.set("schemaLocation", by_file[file])
        included.add(file)
    for document in documents:
        if document.file not in included:
            groups[document.namespace].append(document)
    for first, *others in groups.values():
        for other in others:
            first.schema.insert(0, first.schema.makeelement(f"{_XS}include", {"schemaLocation": other.name}))
    return {namespace: group[0].name for namespace, group in groups.items()}
