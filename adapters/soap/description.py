"""Loads a vendored WSDL for zeep from an allow-list of local files, and gives zeep no way to fetch or to post."""

from pathlib import Path
from typing import Any

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError

from adapters.soap.described import ReplySchema


class DescriptionUnusable(Exception):
    """Raised when a WSDL or a schema that it imports cannot be used; names the file."""


class _LocalFiles:
    """What zeep calls a transport, cut down to reading files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._allowed = {file.resolve() for suffix in ("*.wsdl", "*.xsd") for file in folder.rglob(suffix)}
        self.loaded: dict[Path, bytes] = {}

    def load(self, url: str) -> bytes:
        file = Path(url).resolve()
        if file not in self._allowed:
            raise DescriptionUnusable(f"refused to load {url}: only WSDL and XSD files of the schema folder are read")
        self.loaded[file] = file.read_bytes()
        return self.loaded[file]


def load_description(wsdl: Path, folder: Path) -> tuple[Any, ReplySchema]:
    """Return a zeep client for `wsdl`, and what judges replies; every file that it imports must lie below `folder`.

    Raises:
        DescriptionUnusable: it is missing, malformed, or wants another file.
    """
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    files = _LocalFiles(folder)
    try:
        client = zeep.Client(str(wsdl), transport=files, settings=settings)  # type: ignore[no-untyped-call]
        return client, ReplySchema(files.loaded)
    except (OSError, ValueError, LookupError, ZeepError, etree.LxmlError) as error:
        raise DescriptionUnusable(f"{wsdl.name} cannot be used: {error}") from error
