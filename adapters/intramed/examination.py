"""Examines one Intramed installation: the driver, the way, the accounts, the database, and each statement of ours."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from adapters.firebird import examination as database
from adapters.firebird.examination import Examined
from adapters.firebird.looking import Account
from adapters.intramed.connecting import accounts, optional_looks
from adapters.intramed.diagnosed import CLINICS_UNSERVED
from adapters.intramed.options import IntramedOptions
from adapters.odbc import examination as odbc
from adapters.sql.diagnosed import STATEMENTS_UNUSABLE
from contracts.desks import AdapterMisconfigured
from contracts.examination import Examination, Step


def examine(options: IntramedOptions, examination: Examination) -> Iterator[Step]:
    """Yield the steps; ends by `examination.until`, whatever a driver does."""
    if options.transport == "odbc":
        broken = False
        for step in odbc.examine(options.odbc_driver, options.charset):
            broken = broken or step.is_broken
            yield step
        if broken:
            yield Step("database", skipped="the driver cannot be used")
            return
    try:
        reading, writing = accounts(options)
    except AdapterMisconfigured as error:
        yield Step("statements", (STATEMENTS_UNUSABLE.found(str(error)),))
        return
    unneeded = {line.removeprefix("statement ").rstrip(":") for line in optional_looks(options)}
    reader = Account("reader", options.read_user, *reading, dict.fromkeys(unneeded, CLINICS_UNSERVED))
    writer = Account("writer", options.write_user, *writing)
    # A service and a command beside it each have as many as they are allowed.
    most = 2 * options.connections_max
    yield from database.examine(
        Examined(options.address, (reader, writer), options.charset, ZoneInfo(options.zone), most), examination
    )
