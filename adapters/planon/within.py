"""The mandants that exist for a client: whoever and whatever is of another one is answered like what is unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from adapters.planon.replica import RETRY_S, Replica, Row
from adapters.sql.statements import Statement
from contracts.desks import Call
from contracts.errors import BackendUnavailable

AT_RISK: Final = "at_risk"
"""The statement that lists incidents."""
MANDANT: Final = "mandant_code"
"""Column, and parameter, of the replica's statements."""


@dataclass(frozen=True, slots=True)
class Mandants:
    """The mandants that exist for one client, by their codes without padding; None for all."""

    codes: frozenset[str] | None

    @classmethod
    def of(cls, call: Call) -> Self:
        """Return those of the client that calls."""
        return cls(None if call.within is None else frozenset(code.strip() for code in call.within) - {""})

    @property
    def limited(self) -> bool:
        """Whether there are others."""
        return self.codes is not None

    def has(self, row: Row) -> bool:
        """Whether a row is of one of them; one that names no mandant is of none."""
        return self.codes is None or mandant_in(row) in self.codes

    def have(self, rows: Iterable[Row]) -> bool:
        """Whether there are rows and all are of them."""
        said = [self.has(row) for row in rows]
        return bool(said) and all(said)

    def require(self, replica: Replica, statement: str) -> None:
        """Make sure that a statement can be used for a limited client: a site's own one may be older than limits.

        Raises:
            BackendUnavailable: it does not know of mandants.
        """
        if self.codes is not None and not knows_mandants(replica.statement(statement)):
            raise BackendUnavailable(f"the site's own statement {statement} does not know of {MANDANT}", RETRY_S)


ALL: Final = Mandants(None)
"""Those of a client without a limit."""


def mandant_in(row: Row) -> str:
    """Return a row's mandant without padding; empty when it names none."""
    return str(row.get(MANDANT) or "").strip()


def knows_mandants(statement: Statement) -> bool:
    """Whether it tells whose a row is, and where it lists what nobody named, can be asked for one mandant's."""
    return MANDANT in statement.columns and (statement.name != AT_RISK or MANDANT in statement.parameters)
