"""What documents are validated with now, as one fingerprint per kind: its schemas, and the site's mapping.

A document that waited through an upgrade carries another one, and is then composed anew instead of sent.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from adapters.planon.destination import INCIDENT, NOTE
from adapters.planon.forms import Forms
from adapters.planon.mapping import PACKAGED


def fingerprints(forms: Forms, mapping: Path | None, wsdl: Path) -> dict[str, str]:
    """Return the fingerprint of each kind of document.

    Args:
        forms: of this installation; of an incident the schemas of all mandants count.
        mapping: the site's own; None is the packaged one.
        wsdl: the description of the services that take a note.
    """
    names = mapping or PACKAGED
    incidents = (path for code in sorted(forms.incidents) for path in forms.incidents[code].schemas)
    return {
        INCIDENT: _of(names, *incidents),
        NOTE: _of(names, wsdl, *forms.note.schemas),
    }


def _of(*files: Path) -> str:
    return sha256(b"".join(_digests(dict.fromkeys(files)))).hexdigest()


def _digests(files: Iterable[Path]) -> Iterable[bytes]:
    # Bytes alone: a site that moves its folder has changed nothing.
    return (sha256(path.read_bytes()).digest() for path in files)
