"""The outbox on one SQLite file, for one machine."""
