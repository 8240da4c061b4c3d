"""Snapshots of databases: taken, made harmless, proved harmless, compared, and restored into a sandbox."""
