"""The places of the databases that an adapter is configured with."""

from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from adapters.sql.snapshots.server import is_url as is_postgresql
from adapters.sql.snapshots.sqlite_files import is_url as is_sqlite

_SECRET: Final = ("password", "passfile", "sslpassword")


def places(url: str) -> tuple[str, ...]:
    """Return a URL without its password; nothing for a kind of database that there are no snapshots of."""
    if not is_sqlite(url) and not is_postgresql(url):
        return ()
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        return ()
    # Not `set(password=None)`, which leaves it as it is.
    parsed = parsed._replace(password=None).difference_update_query(_SECRET)
    return (parsed.render_as_string(hide_password=False),)
