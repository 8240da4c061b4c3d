"""Fingerprints of what says how one Planon installation is spoken to: mapping, schemas and WSDL, file by file.

Names are the same on every machine: a file is named by its place below its own folder, wherever that is.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from lxml import etree

import schemas
from adapters.planon.mapping import PACKAGED, load_mapping
from adapters.planon.options import PlanonOptions
from contracts.desks import AdapterMisconfigured
from schemas.xml import XmlRefused, parse

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_REFERRING: Final = {
    f"{_XS}include": "schemaLocation",
    f"{_XS}import": "schemaLocation",
    f"{_XS}redefine": "schemaLocation",
    f"{_WSDL}import": "location",
}


def descriptions(options: PlanonOptions) -> Mapping[str, str]:
    """Return the fingerprint of each file in use, by its name.

    Raises:
        AdapterMisconfigured: one cannot be read.
    """
    mapping, names = options.mapping or PACKAGED, load_mapping(options.mapping)
    folder = options.xsd or schemas.path("xsd/PROVENANCE.md").parent
    used = [
        names.incident.schema_file,
        names.note.schema_file,
        names.reply.schema_file,
        *(mandant.profile for mandant in names.mandants.values()),
    ]
    wsdl = options.wsdl or schemas.path("wsdl/planon.wsdl")
    below = wsdl.parent if options.wsdl else wsdl.parent.parent
    try:
        return {
            f"mapping {mapping.name}": _fingerprint(mapping.read_bytes()),
            **_whole("xsd", (folder / file for file in used), folder),
            **_whole("wsdl", [wsdl], below),
        }
    except (OSError, RuntimeError, XmlRefused, etree.LxmlError) as error:  # RuntimeError: links that lead in a circle
        raise AdapterMisconfigured(f"what describes the backend cannot be read: {error}") from error


def _whole(kind: str, files: Iterable[Path], folder: Path) -> dict[str, str]:
    """Return the fingerprints of files, and of all that they refer to."""
    waiting, found = [file.resolve() for file in files], dict[Path, str]()
    while waiting:
        file = waiting.pop()
        if file not in found:
            content = file.read_bytes()
            found[file] = _fingerprint(content)
            waiting += _referred(file, content)
    return {f"{kind} {_named(file, folder.resolve())}": value for file, value in found.items()}


def _referred(file: Path, content: bytes) -> list[Path]:
    root = parse(content)
    named = [element.get(_REFERRING[str(element.tag)], "") for element in root.iter(*_REFERRING)]
    # A schema inside the WSDL may import another one of it, without a place.
    return [(file.parent / place).resolve() for place in named if place and "://" not in place]


def _named(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name


def _fingerprint(content: bytes) -> str:
    return sha256(content).hexdigest()
