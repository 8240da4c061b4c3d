"""From options to the replica's connections: which statements run on them, and through which driver."""

import logging
from pathlib import Path
from typing import Final

from adapters.odbc.pooling import REMEDY, pooling_enabled
from adapters.planon.options import PlanonOptions
from adapters.planon.replica import Replica
from adapters.planon.within import MANDANT, knows_mandants
from adapters.sql.ahead import Connections, Keeping
from adapters.sql.reader import Reader
from adapters.sql.statements import Statement, StatementInvalid, load_statements
from adapters.sql.url import UrlSource
from contracts.desks import AdapterMisconfigured

STATEMENTS: Final = Path(__file__).parent / "statements"
_EXTENSIBLE: Final = ("tenant", "contract")
"""Statements to which a site may add columns, for its mapping."""
_LATER: Final = dict.fromkeys(("at_risk", "tenants_by_code", "tenants_by_number", "tenants_by_telephone"), (MANDANT,))
"""What a site's own files of an earlier release do not know."""

_log = logging.getLogger(__name__)


def open_replica(options: PlanonOptions) -> Replica:
    """Return the replica; opens no connection.

    Raises:
        AdapterMisconfigured: naming the option and what to do.
    """
    try:
        source = UrlSource(options.replica_url.get_secret_value())
    except ValueError as error:
        raise AdapterMisconfigured(f"replica_url {error}") from error
    if source.is_odbc and (pooled := pooling_enabled()) is not None:
        raise AdapterMisconfigured(f"replica_url over ODBC: {pooled} says Pooling=Yes; {REMEDY}")
    # A file costs nothing to open, and what stood open ahead may be a file that was replaced since.
    ahead = 0 if source.is_file else options.replica_connections_ahead
    keeping = Keeping(ahead, options.replica_connections_max, connect_s=options.replica_deadline_s)
    statements = _loaded(options.statements)
    return Replica(Reader(Connections(source, statements, keeping)), statements, options.replica_deadline_s)


def statements_of(options: PlanonOptions) -> dict[str, Statement]:
    """Return the statements that run on the replica, by name.

    Raises:
        AdapterMisconfigured: naming the file.
    """
    return _loaded(options.statements)


def _loaded(site: Path | None) -> dict[str, Statement]:
    names = [path.stem for path in sorted(STATEMENTS.glob("*.sql"))]
    try:
        statements = load_statements(names, STATEMENTS, site, _EXTENSIBLE, _LATER)
    except StatementInvalid as error:
        raise AdapterMisconfigured(f"option statements: {error}") from error
    for name in _LATER:
        if not knows_mandants(statements[name]):
            _log.warning("statement %s does not know of %s: clients limited to mandants are refused", name, MANDANT)
    return statements
