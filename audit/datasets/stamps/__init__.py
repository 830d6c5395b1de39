"""Shortcuts that are stamped on any photograph: what a careless collection brings along."""

from audit.datasets.stamps.registry import FAMILIES, KINDS, STAMPS, Stamp, key_of

__all__ = ["FAMILIES", "KINDS", "STAMPS", "Stamp", "key_of"]
