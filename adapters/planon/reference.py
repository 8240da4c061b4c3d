"""The backend's own rows that decide an incident, and in which words the provenance names them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from adapters.planon.replica import Row, only
from contracts.errors import RuleMissing, Violation
from contracts.telephone import telephones_in

TELEPHONE: Final = "telephone"
"""How the names of columns with telephone numbers begin."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of one tenant, and where they came from.

    Attributes:
        tenant: the columns of the statement `tenant`, without those of telephone numbers.
        contract: the columns of the statement `contract`.
        matrix: per severity `priority` and `appsuite_code`; the code is None where the mandant has none.
        telephones: the tenant's numbers, E.164; empty for a tenant without one.
        read_at: when the replica gave them, in the site's zone.
        kept: whether the replica cannot be asked and these were kept since then.
    """

    tenant: Row
    contract: Row
    matrix: Mapping[str, Row]
    read_at: datetime
    kept: bool = False
    telephones: tuple[str, ...] = ()

    def tenant_origin(self, column: str) -> str:
        """Say where a column of the tenant came from, in the words of the provenance."""
        return self._origin("tenant", column, tenant_id=self.tenant["tenant_id"])

    def contract_origin(self, column: str) -> str:
        """Say where a column of the contract came from."""
        return self._origin("contract", column, contract_id=self.contract["contract_id"])

    def priority_origin(self, severity: str) -> str:
        """Say where the priority of a severity came from."""
        contract_id = self.contract["contract_id"]
        return self._origin("priority_matrix", "priority", contract_id=contract_id, severity=severity)

    def code_origin(self, severity: str) -> str:
        """Say where the interface's code of a severity's priority came from."""
        mandant, priority = self.contract["mandant_code"], self.matrix[severity]["priority"]
        return self._origin("priority_code", "appsuite_code", mandant_code=mandant, priority=priority)

    def _origin(self, table: str, column: str, **key: object) -> str:
        return origin(table, column, key, self.read_at, kept=self.kept)


@dataclass(frozen=True, slots=True)
class AssetRow:
    """What is known of an asset: its row, None if there is none; `known` is False if nobody could be asked."""

    row: Row | None
    read_at: datetime
    kept: bool = False
    known: bool = True

    def origin(self, code: str, column: str) -> str:
        """Say where a column of the asset came from."""
        return origin("asset", column, {"asset_code": code}, self.read_at, kept=self.kept)


def origin(table: str, column: str, key: Mapping[str, object], read_at: datetime, *, kept: bool) -> str:
    """Say where a value came from: `tenant[tenant_id=TNT-10001].mandant_code, read 2026-11-19T22:14:03+01:00`."""
    which = ", ".join(f"{name}={value}" for name, value in key.items())
    return f"{table}[{which}].{column}, {'kept since' if kept else 'read'} {read_at.isoformat(timespec='seconds')}"


def reference_of(answers: Sequence[Sequence[Row]], read_at: datetime) -> Reference | None:
    """Make a reference of the rows of `tenant`, `contract` and `matrix`; None when there is no such tenant.

    Raises:
        RuleMissing: the tenant has no contract, or the contract read is not the tenant's.
        BackendUnavailable: there are several rows for one key.
    """
    tenant, contract = only(answers[0]), only(answers[1])
    if tenant is None:
        return None
    if contract is None:
        raise RuleMissing("the tenant has no contract", [Violation("tenant", "no contract is laid down for it")])
    if contract["contract_id"] != tenant["contract_id"]:
        # A site's own statements may disagree, and so may two looks at a tenant who moves just then.
        rule = f"its contract is {tenant['contract_id']}, and the rules read are those of {contract['contract_id']}"
        raise RuleMissing("the tenant's contract is another one", [Violation("tenant", rule)])
    return Reference(
        {name: value for name, value in tenant.items() if not name.startswith(TELEPHONE)},
        contract,
        _matrix(answers[2]),
        read_at,
        telephones=tuple(sorted(telephones_of(tenant))),
    )


def telephones_of(row: Row) -> set[str]:
    """Return the numbers in all columns of a tenant whose names begin with `telephone`, as E.164."""
    stored = [value for name, value in row.items() if name.startswith(TELEPHONE) and isinstance(value, str)]
    return {number for text in stored for number in telephones_in(text)}


def _matrix(rows: Sequence[Row]) -> dict[str, Row]:
    """Return the cell of each severity; one that is laid down twice, differently, is laid down not at all."""
    matrix: dict[str, dict[str, JsonValue]] = {}
    twice: set[str] = set()
    for row in rows:
        severity, cell = str(row["severity"]), {name: row[name] for name in ("priority", "appsuite_code")}
        if matrix.setdefault(severity, cell) != cell:
            twice.add(severity)
            _log.warning("the priority matrix has several priorities for severity %s", severity)
    return {severity: cell for severity, cell in matrix.items() if severity not in twice}
