"""Transport to a Firebird database: fresh connections, statements from files, tidy text, errors by their codes."""
