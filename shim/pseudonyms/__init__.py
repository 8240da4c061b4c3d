"""Keyed pseudonyms: the same value gets the same invented one, in every table and every system."""
