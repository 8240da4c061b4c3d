"""PostgreSQL for tests: given by a URL, in a container, or a private server that may be killed and started again."""
