"""Checks of the explainers, on disk."""

from audit.storage.outputs import Json

FILE = Json("trust.json")
