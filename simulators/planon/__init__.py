"""A stand-in for Planon: SOAP services, AppSuite endpoint, an SLA engine that fails silently, a replica that lags."""
