"""Planon: incidents through the AppSuite XML interface, notes through SOAP, look-ups in the read replica."""

from typing import TYPE_CHECKING

from adapters.planon.exposures import exposures
from adapters.planon.options import PlanonOptions
from contracts.catalogue import DeskKind
from contracts.desks import Adapter, Ports

if TYPE_CHECKING:
    from adapters.planon.desk import PlanonDesk


def _build(options: PlanonOptions, ports: Ports) -> "PlanonDesk":
    # Imported here: a command that touches no backend has no use for zeep, which takes half a second to load.
    from adapters.planon.desk import PlanonDesk  # noqa: PLC0415

    return PlanonDesk(options, ports)


adapter = Adapter(kind=DeskKind.FACILITY, options=PlanonOptions, build=_build, exposures=exposures)
