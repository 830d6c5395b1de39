"""Checks beside the audit itself, a folder each."""
