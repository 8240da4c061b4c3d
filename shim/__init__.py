"""The service: routes made from the catalogue, security, state, settings and the command line."""
