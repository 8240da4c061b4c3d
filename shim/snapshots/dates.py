"""What the dates of a row must be in the result, for whoever has the key."""

from contracts.snapshots import Row, Table
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import Policy
from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from shim.pseudonyms.rows import person_of
from shim.snapshots.judge import DATES
from shim.snapshots.unchanged import Dated


def shifting(policy: Policy, key: PseudonymKey) -> Dated:
    """Return what shifts the dates of a row of the original."""
    pseudonyms = Pseudonyms(key, NOTHING)

    def shifted(table: Table, row: Row) -> Row:
        rules = policy.tables[table.name]
        person = person_of(rules, table, row)
        return tuple(
            pseudonyms.of(what, cell, column, person) if (what := rules.columns[column.name]).kind in DATES else cell
            for column, cell in zip(table.columns, row, strict=True)
        )

    return shifted
