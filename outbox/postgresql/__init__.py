"""The outbox on PostgreSQL, for several machines."""
