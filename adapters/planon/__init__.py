"""Planon: incidents through the AppSuite XML interface, notes through SOAP, look-ups in the read replica."""

from adapters.planon.desk import PlanonDesk
from adapters.planon.options import PlanonOptions
from contracts.catalogue import DeskKind
from contracts.desks import Adapter

__all__ = ["PlanonDesk", "PlanonOptions", "adapter"]

adapter = Adapter(kind=DeskKind.FACILITY, options=PlanonOptions, build=PlanonDesk)
