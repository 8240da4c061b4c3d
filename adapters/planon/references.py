"""Reads the rows that decide an incident in one look, and keeps them for when the replica cannot be asked."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from adapters.planon.reference import TELEPHONE, AssetRow, Reference, reference_of
from adapters.planon.replica import Replica, Row
from adapters.planon.within import ALL, Mandants
from adapters.sql.messages import Step
from contracts.desks import ReferenceRows
from contracts.errors import BackendUnavailable, NotFound, RuleMissing, StateUnavailable

_UNKNOWN: Final = "the tenant is not known"
_KEEP_AGAIN: Final = timedelta(minutes=15)
"""A kept row that has not changed is written again after this time: each write costs a sync."""
_TENTH: Final = 10
"""Nor later than after this part of the time for which it is good: so much earlier it may be too old at most."""


class References:
    """Reads reference rows and keeps them; may be used by several threads at once.

    Args:
        replica: where they are.
        rows: where they are kept.
        clock: aware time, now.
        zone: of the site, in which times of reading are told.
    """

    def __init__(self, replica: Replica, rows: ReferenceRows, clock: Callable[[], datetime], zone: tzinfo) -> None:
        self._replica = replica
        self._rows = rows
        self._clock = clock
        self._zone = zone
        self._keep_again = min(_KEEP_AGAIN, rows.max_age / _TENTH)

    @property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """The columns that a mapping may name, of `tenant` and of `contract`."""
        return {
            name: frozenset(
                column for column in self._replica.statement(name).columns if not column.startswith(TELEPHONE)
            )
            for name in ("tenant", "contract")
        }

    def of_report(
        self, tenant_id: str, asset_code: str | None, mandants: Mandants = ALL
    ) -> tuple[Reference, AssetRow | None]:
        """Return the rows that decide an incident of this tenant, and what is known of the asset, in one look.

        Raises:
            NotFound: the replica has no such tenant of these mandants.
            RuleMissing: it has no contract for the tenant.
            BackendUnavailable: the replica cannot be read and nothing young enough was kept, or it contradicts itself.
        """
        now = self._now()
        asset = (Step("asset", {"asset_code": asset_code}),) if asset_code else ()
        try:
            answers = self._replica.ask((*_steps(tenant_id), *asset), self._replica.until())
        except BackendUnavailable:
            kept = self._recalled(tenant_id)
            if kept is None or not mandants.has(kept.tenant):
                raise
            return kept, self._recalled_asset(asset_code, now) if asset_code else None
        # What it says now counts, also when it contradicts itself: kept rows are for when it says nothing. Whose the
        # tenant is comes first: what is wrong with another mandant's rows concerns nobody here.
        reference = reference_of(answers, now) if mandants.have(answers[0]) else None
        if reference is None:
            raise NotFound(_UNKNOWN)
        found = AssetRow(_at(reference.tenant["location_id"], answers[-1]), now) if asset_code else None
        self._keep(reference)
        if asset_code and found and found.row is not None:
            self._keep_row(_asset(asset_code), found.row, now)
        return reference, found

    def of_tenant(self, tenant_id: str, mandants: Mandants = ALL) -> Reference:
        """Return the rows that decide an incident of this tenant; raises as `of_report`."""
        return self.of_report(tenant_id, None, mandants)[0]

    def check(self, tenant_id: str, mandants: Mandants) -> None:
        """Let a tenant of these mandants through; for a client without a limit nothing is asked.

        Raises:
            NotFound: the replica has no such tenant of these mandants.
            BackendUnavailable: the replica cannot be read, and nothing young enough was kept of such a tenant.
        """
        if not mandants.limited:
            return
        try:
            (rows,) = self._replica.ask((_tenant_step(tenant_id),), self._replica.until())
        except BackendUnavailable:
            kept = self._recalled(tenant_id)
            if kept is None or not mandants.has(kept.tenant):
                raise
            return
        if not mandants.have(rows):
            raise NotFound(_UNKNOWN)

    def remember(self, tenant_id: str, until: float) -> None:
        """Keep a tenant's rows, unless they were kept just now: a report may follow when the replica is down.

        A look-up does not fail because of it.
        """
        with suppress(StateUnavailable, BackendUnavailable, RuleMissing):
            now, kept = self._now(), self._recalled(tenant_id)
            if kept is None or now - kept.read_at >= self._keep_again:
                reference = reference_of(self._replica.ask(_steps(tenant_id), until), now)
                if reference is not None:
                    self._keep(reference)

    def _now(self) -> datetime:
        return self._clock().astimezone(self._zone)

    def _keep(self, reference: Reference) -> None:
        row: dict[str, Any] = {
            "tenant": dict(reference.tenant),
            "contract": dict(reference.contract),
            "matrix": {severity: dict(cell) for severity, cell in reference.matrix.items()},
            "telephones": list(reference.telephones),
        }
        self._keep_row(_tenant(str(reference.tenant["tenant_id"])), row, reference.read_at)

    def _keep_row(self, name: str, row: Row, read_at: datetime) -> None:
        kept = self._rows.recall(name)
        if kept is None or kept.row != row or read_at - kept.read_at >= self._keep_again:
            self._rows.keep(name, row, read_at)

    def _recalled(self, tenant_id: str) -> Reference | None:
        kept = self._rows.recall(_tenant(tenant_id))
        if kept is None:
            return None
        row: Any = kept.row
        if "telephones" not in row or any(not columns <= row[name].keys() for name, columns in self.columns.items()):
            return None  # kept by an earlier version, or before the site added a column
        numbers, read_at = tuple(row["telephones"]), kept.read_at.astimezone(self._zone)
        return Reference(row["tenant"], row["contract"], row["matrix"], read_at, kept=True, telephones=numbers)

    def _recalled_asset(self, code: str, now: datetime) -> AssetRow:
        kept = self._rows.recall(_asset(code))
        if kept is None:
            return AssetRow(None, now, known=False)
        return AssetRow(kept.row, kept.read_at.astimezone(self._zone), kept=True)


def _at(location: object, rows: Sequence[Row]) -> Row | None:
    """Return an asset's row: of several the one at this location, because a hint is no reason to refuse a report."""
    return next((row for row in rows if row["location_id"] == location), rows[0] if rows else None)


def _tenant(tenant_id: str) -> str:
    return f"tenant/{tenant_id}"


def _asset(code: str) -> str:
    return f"asset/{code}"


def _steps(tenant_id: str) -> tuple[Step, ...]:
    return (_tenant_step(tenant_id), *(Step(name, {"tenant_id": tenant_id}) for name in ("contract", "matrix")))


def _tenant_step(tenant_id: str) -> Step:
    return Step("tenant", {"tenant_id": tenant_id})
