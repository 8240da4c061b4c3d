"""Adapter for Intramed, a physiotherapy practice system on a Firebird database: statements and row mapping."""

from typing import TYPE_CHECKING

from adapters.intramed.exposures import exposures
from adapters.intramed.options import IntramedOptions
from contracts.catalogue import DeskKind
from contracts.desks import Adapter, Ports

if TYPE_CHECKING:
    from adapters.intramed.desk import IntramedDesk


def _build(options: IntramedOptions, ports: Ports) -> "IntramedDesk":
    # Imported here: a command that touches no backend has no use for SQLAlchemy.
    from adapters.intramed.desk import IntramedDesk  # noqa: PLC0415

    return IntramedDesk(options, ports)


adapter = Adapter(kind=DeskKind.PRACTICE, options=IntramedOptions, build=_build, exposures=exposures)
