"""Verdicts over the test set and by class."""
