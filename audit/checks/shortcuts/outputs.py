"""Groups of backgrounds that turn answers, on disk."""

from audit.storage.outputs import Json

FILE = Json("shortcuts.json")
