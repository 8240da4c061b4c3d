"""Planon: incidents through the AppSuite XML interface, notes through SOAP, look-ups in the read replica."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.planon.diagnosed import DIAGNOSES
from adapters.planon.exposures import exposures
from adapters.planon.options import PlanonOptions
from contracts.catalogue import DeskKind
from contracts.desks import Adapter, Ports
from contracts.examination import Examination, Step

if TYPE_CHECKING:
    from adapters.planon.desk import PlanonDesk


def _build(options: PlanonOptions, ports: Ports) -> "PlanonDesk":
    # Imported here: a command that touches no backend has no use for zeep, which takes half a second to load.
    from adapters.planon.desk import PlanonDesk  # noqa: PLC0415

    return PlanonDesk(options, ports)


def _examine(options: PlanonOptions, examination: Examination) -> Iterator[Step]:
    from adapters.planon.examination import examine  # noqa: PLC0415 - likewise

    return examine(options, examination)


def _descriptions(options: PlanonOptions) -> Mapping[str, str]:
    from adapters.planon.descriptions import descriptions  # noqa: PLC0415 - likewise

    return descriptions(options)


def _served(options: PlanonOptions, until: float) -> Mapping[str, str]:
    from adapters.planon.examination import served  # noqa: PLC0415 - likewise

    return served(options, until)


def _databases(options: PlanonOptions) -> tuple[str, ...]:
    from adapters.sql.snapshots.places import places  # noqa: PLC0415 - likewise

    return places(options.replica_url.get_secret_value())


adapter = Adapter(
    kind=DeskKind.FACILITY,
    options=PlanonOptions,
    build=_build,
    exposures=exposures,
    examine=_examine,
    diagnoses=DIAGNOSES,
    descriptions=_descriptions,
    served=_served,
    databases=_databases,
    personal=Path(__file__).parent / "personal.toml",
    questions=("soap_url", "appsuite_url", "user", "password", "replica_url"),
)
