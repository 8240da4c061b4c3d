"""Stand-ins for the legacy systems, for the demo and for tests; hostile on request."""
