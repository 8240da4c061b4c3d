"""Which technology a snapshot file or a database is of. Each is imported when the first one is asked for."""

from pathlib import Path

from contracts.snapshots import SnapshotRefused, Technology


def technologies() -> tuple[Technology, ...]:
    """Return every technology."""
    from adapters.firebird.snapshots import FirebirdSnapshots  # noqa: PLC0415 - drivers, which most commands do not need
    from adapters.sql.snapshots import PostgresqlSnapshots, SqliteSnapshots  # noqa: PLC0415

    return (FirebirdSnapshots(), SqliteSnapshots(), PostgresqlSnapshots())


def of_file(file: Path) -> Technology:
    """Return the technology of a snapshot, by its first bytes.

    Raises:
        SnapshotRefused: the file cannot be read, or is no snapshot.
    """
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be read: {error.strerror}") from error
    for one in technologies():
        if one.is_snapshot(file):
            return one
    raise SnapshotRefused(f"{file} is no snapshot: shim snapshot take makes one")


def of_files(first: Path, second: Path) -> Technology:
    """Return the technology that two snapshots share.

    Raises:
        SnapshotRefused: they do not, or one is none.
    """
    ours, theirs = of_file(first), of_file(second)
    if ours.name != theirs.name:
        raise SnapshotRefused(f"{first} is of {ours.name} and {second} of {theirs.name}: they cannot be compared")
    return ours


def of_place(place: str) -> Technology:
    """Return the technology of a database, by how it is named.

    Raises:
        SnapshotRefused: it is no notation of any.
    """
    for one in technologies():
        if one.is_place(place):
            return one
    raise SnapshotRefused(
        f"{place} names no database: write /path.fdb or host/port:path for Firebird, a URL such as "
        "postgresql://host/database or sqlite:////path, or the name of a configured system"
    )
