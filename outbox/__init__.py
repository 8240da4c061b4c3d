"""Durable delivery of opaque, frozen payloads. Knows no vendor, no schema and no HTTP."""
