"""Builds the invented practice and stores it as a Firebird backup: `python -m simulators.intramed.generate OUT.fbk`."""

import sys
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

from firebird.driver import connect_server, create_database

from simulators.intramed.engine import EngineMissing, use_private_engine
from simulators.intramed.practice import PATIENTS, SEED, Practice, Stream
from simulators.intramed.sandbox import CHARSET, OWNER
from simulators.intramed.script import run_script

_HERE: Final = Path(__file__).parent
_SEQUENCES: Final = {"NR_AFSPRAAK": "AFSPRAAK", "NR_JOURNAAL": "JOURNAAL"}
_USAGE: Final = 2


Fill = Callable[[Any, str, Stream], int]
"""Puts rows into a table, through a connection, and returns how many."""


def build_practice(database: Path, seed: int = SEED, patients: int = PATIENTS, fill: Fill | None = None) -> None:
    """Create `database` with schema, procedures, grants and the rows of `seed`, on the embedded engine.

    Args:
        database: file to create, replaced when it exists.
        seed: of every row.
        patients: how many; from 420.
        fill: a faster way than the driver's own, which takes 1 ms a row.
    """
    connection = create_database(str(database), user=OWNER, charset=CHARSET, overwrite=True)
    try:
        run_script(connection, _HERE / "schema.sql")
        run_script(connection, _HERE / "procedures.sql")
        counts = {
            name: (fill or _fill)(connection, name, table) for name, table in Practice(seed, patients).tables().items()
        }
        cursor = connection.cursor()
        for sequence, name in _SEQUENCES.items():
            cursor.execute(f"alter sequence {sequence} restart with {counts[name] + 1}")
        connection.commit()
        cursor.close()
    finally:
        connection.close()


def back_up(database: Path, backup: Path) -> None:
    """Write a backup of `database`, which the embedded engine can open."""
    with backup.open("wb") as stream, connect_server("", user=OWNER) as server:
        server.database.local_backup(database=database, backup_stream=stream)


def main(arguments: list[str]) -> int:
    """Generate the backup named by the one argument; 2 says what is wrong with the call or the machine."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m simulators.intramed.generate OUT.fbk\n")
        return _USAGE
    with tempfile.TemporaryDirectory() as folder:
        try:
            use_private_engine(Path(folder) / "engine")
        except EngineMissing as missing:
            sys.stderr.write(f"{missing}\n")
            return _USAGE
        database, backup = Path(folder) / "practice.fdb", Path(arguments[0]).resolve()
        build_practice(database)
        # A backup holds the path it was made from as the caller gave it: here a bare name, and none of this machine.
        with chdir(folder):
            back_up(Path(database.name), backup)
    return 0


def _fill(connection: Any, name: str, table: Stream) -> int:
    columns, rows = table
    marks = ", ".join("?" * len(columns))
    made = list(rows())
    cursor = connection.cursor()
    cursor.executemany(f"insert into {name} ({', '.join(columns)}) values ({marks})", made)  # noqa: S608 - our own names
    connection.commit()
    cursor.close()
    return len(made)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
