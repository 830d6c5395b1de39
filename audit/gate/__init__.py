"""Holds a run against limits, for CI."""
