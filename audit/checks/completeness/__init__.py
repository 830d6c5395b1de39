"""Completeness of a run: whole, large enough and what was asked of it."""
