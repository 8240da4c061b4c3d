"""Tokens in place of a backend's keys: what is in one, and what a person is told for it."""
