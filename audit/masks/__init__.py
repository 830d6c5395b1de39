"""Masks: where they come from, which images they belong to, and what their values mean."""
