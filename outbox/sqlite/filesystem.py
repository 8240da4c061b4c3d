"""On what a path lies, by the kernel's own list of mounts: SQLite's locks and syncs do not hold on a network."""

from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "gpfs", "beegfs"),
        *("ocfs2", "gfs2", "davfs", "fuse"),
    }
)
_OF_A_CONTAINER: Final = "fuse.fuse-overlayfs"
"""Over folders of this machine, where a container's layers are put together without root."""
_ESCAPES: Final = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


def is_network(kind: str) -> bool:
    """Whether a type of file system may have its bytes on another machine; one that nobody knows here has not."""
    return kind in _NETWORK or (kind.startswith("fuse.") and kind != _OF_A_CONTAINER)


def kind_of(path: Path, mounts: str | None = None) -> str | None:
    """Return the type of the file system that a path lies on; None where the kernel does not tell.

    Args:
        path: a file or folder, which need not exist; links are followed.
        mounts: what `/proc/self/mountinfo` says, as proc(5) describes it; read when it is not given.
    """
    if mounts is None:
        try:
            mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    whole = path.resolve()
    deepest, found = -1, None
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5:  # noqa: PLR2004 - the fifth is where it is mounted
            continue
        place = Path(_unescaped(fields[4]))
        # Of two mounts on the same place the later one is seen.
        if whole.is_relative_to(place) and len(place.parts) >= deepest:
            deepest, found = len(place.parts), kinds[0]
    return found


def _unescaped(text: str) -> str:
    return "".join(_ESCAPES.get(part, part) for part in _split(text))


def _split(text: str) -> list[str]:
    parts, position = [], 0
    while position < len(text):
        width = 4 if text[position : position + 4] in _ESCAPES else 1
        parts.append(text[position : position + width])
        position += width
    return parts
