"""Snapshots of databases that SQLAlchemy has a URL for: SQLite files, and PostgreSQL as an archive of our own."""

from adapters.sql.snapshots.postgresql import PostgresqlSnapshots
from adapters.sql.snapshots.sqlite import SqliteSnapshots

__all__ = ["PostgresqlSnapshots", "SqliteSnapshots"]
