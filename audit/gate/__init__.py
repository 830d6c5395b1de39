"""Limits that a run is held against, for CI."""
