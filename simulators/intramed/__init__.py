"""An invented physiotherapy practice on a real Firebird engine: schema, rows, sandboxes and a private server."""
