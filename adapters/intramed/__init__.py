"""Adapter for Intramed, a physiotherapy practice system on a Firebird database: statements and row mapping."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.intramed.diagnosed import DIAGNOSES
from adapters.intramed.exposures import exposures
from adapters.intramed.options import IntramedOptions
from contracts.catalogue import DeskKind
from contracts.desks import Adapter, Ports
from contracts.examination import Examination, Step

if TYPE_CHECKING:
    from adapters.intramed.desk import IntramedDesk


def _build(options: IntramedOptions, ports: Ports) -> "IntramedDesk":
    # Imported here: a command that touches no backend has no use for SQLAlchemy.
    from adapters.intramed.desk import IntramedDesk  # noqa: PLC0415

    return IntramedDesk(options, ports)


def _examine(options: IntramedOptions, examination: Examination) -> Iterator[Step]:
    from adapters.intramed.examination import examine  # noqa: PLC0415 - likewise

    return examine(options, examination)


adapter = Adapter(
    kind=DeskKind.PRACTICE,
    options=IntramedOptions,
    build=_build,
    exposures=exposures,
    examine=_examine,
    diagnoses=DIAGNOSES,
    databases=lambda options: (options.address.dsn,),
    personal=Path(__file__).parent / "personal.toml",
    questions=("database", "transport", "read_user", "read_password", "write_user", "write_password"),
)
