"""The service over HTTP: application, routes, documentation, problems, and where it listens."""
