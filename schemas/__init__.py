"""Schemas of the legacy systems' documents, and the dry run that validates a document before it may be queued."""

from pathlib import Path


def path(name: str) -> Path:
    """Return a packaged file, such as `path("xsd/appsuite/incident.xsd")`.

    Raises:
        FileNotFoundError: if this package has no such file.
    """
    file = Path(__file__).parent / name
    if not file.is_file():
        raise FileNotFoundError(f"schemas has no file {name}")
    return file
