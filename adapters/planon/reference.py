"""The backend's own rows that decide an incident: read from the replica, kept for when the replica is down too."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.planon.replica import Reader, Replica, Row
from contracts.desks import KeptRow, ReferenceRows
from contracts.errors import BackendUnavailable, NotFound, StateUnavailable

_KEEP_AGAIN: Final = timedelta(minutes=15)
"""A kept row that has not changed is written again after this time: each write costs a sync."""
_TENANT: Final = ("tenant_id", "mandant_code", "property_id", "location_id", "contract_id")
"""What composition needs of a tenant; telephone and address are not kept."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of one tenant, and where they came from.

    Attributes:
        tenant: tenant_id, mandant_code, property_id, location_id, contract_id.
        contract: contract_id, mandant_code, sla_id, cost_centre, category.
        matrix: per severity `priority` and `appsuite_code`; the code is None where the mandant has none.
        read_at: when the replica gave them.
        kept: whether the replica is down and these were kept since then.
    """

    tenant: Row
    contract: Row
    matrix: Mapping[str, Row]
    read_at: datetime
    kept: bool = False

    def origin(self, table: str, key: object) -> str:
        """Say which row of which table a value came from, and how old it is."""
        return origin(table, key, self.read_at, kept=self.kept)


@dataclass(frozen=True, slots=True)
class AssetRow:
    """What is known of an asset: its row, None if there is none; `known` is False if nobody could be asked."""

    row: Row | None
    read_at: datetime
    kept: bool = False
    known: bool = True


def origin(table: str, key: object, read_at: datetime, *, kept: bool) -> str:
    """Say where a row came from, in the words of the provenance."""
    how = "kept since" if kept else "read"
    return f"replica {table} {key}, {how} {read_at.isoformat(timespec='seconds')}"


class References:
    """Reads reference rows and keeps them; may be used by several threads at once."""

    def __init__(self, replica: Replica, rows: ReferenceRows, clock: Callable[[], datetime]) -> None:
        self._replica = replica
        self._rows = rows
        self._clock = clock

    def of_tenant(self, tenant_id: str) -> Reference:
        """Return the rows that decide an incident of this tenant.

        Raises:
            NotFound: the replica has no such tenant.
            BackendUnavailable: the replica is down, and nothing young enough was kept.
        """
        try:
            with self._replica.reading() as reader:
                reference = self._read(reader, tenant_id)
        except BackendUnavailable:
            kept = self._rows.recall(f"tenant/{tenant_id}")
            if kept is None:
                raise
            return _recalled(kept)
        if reference is None:
            raise NotFound("the tenant is not known")
        self._keep(reference)
        return reference

    def remember(self, reader: Reader, tenant_id: str) -> None:
        """Keep a tenant's rows while they are at hand: a report may follow when the replica is down."""
        reference = self._read(reader, tenant_id)
        if reference is not None:
            with suppress(StateUnavailable):  # a look-up does not fail because of it
                self._keep(reference)

    def asset(self, code: str) -> AssetRow:
        """Return what the replica, or else a kept row, knows of an asset."""
        name, now = f"asset/{code}", self._clock()
        try:
            with self._replica.reading() as reader:
                row = reader.one("asset", asset_code=code)
        except BackendUnavailable:
            kept = self._rows.recall(name)
            return AssetRow(None, now, known=False) if kept is None else AssetRow(kept.row, kept.read_at, kept=True)
        if row is not None:
            self._keep_row(name, row, now)
        return AssetRow(row, now)

    def _read(self, reader: Reader, tenant_id: str) -> Reference | None:
        now = self._clock()
        tenant = reader.one("tenant", tenant_id=tenant_id)
        contract = tenant and reader.one("contract", contract_id=tenant["contract_id"])
        if not tenant or not contract:
            return None
        rows = reader.rows("matrix", contract_id=contract["contract_id"], mandant_code=contract["mandant_code"])
        matrix: dict[str, Row] = {
            str(row["severity"]): {"priority": row["priority"], "appsuite_code": row["appsuite_code"]} for row in rows
        }
        return Reference({name: tenant[name] for name in _TENANT}, contract, matrix, now)

    def _keep(self, reference: Reference) -> None:
        row: dict[str, Any] = {
            "tenant": dict(reference.tenant),
            "contract": dict(reference.contract),
            "matrix": {severity: dict(cell) for severity, cell in reference.matrix.items()},
        }
        self._keep_row(f"tenant/{reference.tenant['tenant_id']}", row, reference.read_at)

    def _keep_row(self, name: str, row: Row, read_at: datetime) -> None:
        kept = self._rows.recall(name)
        if kept is None or kept.row != row or read_at - kept.read_at >= _KEEP_AGAIN:
            self._rows.keep(name, row, read_at)


def _recalled(kept: KeptRow) -> Reference:
    row: Any = kept.row
    return Reference(row["tenant"], row["contract"], row["matrix"], kept.read_at, kept=True)
