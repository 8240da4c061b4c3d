"""Transport over ODBC: a SQLAlchemy dialect for Firebird that nobody else publishes, and what its errors prove."""
