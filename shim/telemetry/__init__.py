"""Being watched: what a request or a delivery did, for metrics, logs and traces."""
