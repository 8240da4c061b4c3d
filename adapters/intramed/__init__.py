"""Adapter for Intramed, a physiotherapy practice system on a Firebird database: statements and row mapping."""

from adapters.intramed.desk import IntramedDesk
from adapters.intramed.options import IntramedOptions
from contracts.catalogue import DeskKind
from contracts.desks import Adapter

adapter = Adapter(kind=DeskKind.PRACTICE, options=IntramedOptions, build=IntramedDesk)
