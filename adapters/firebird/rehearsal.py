"""How Firebird describes a statement without executing it, through every driver alike."""


def rehearsal(sql: str) -> str:
    """Return a query that prepares `sql` as a whole; asked for no row, the engine opens no procedure in it."""
    return f"select first 0 * from ({sql}) REHEARSED"  # noqa: S608 - the site's own statement, no value in it
