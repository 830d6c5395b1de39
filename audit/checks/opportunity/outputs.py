"""How well backgrounds alone tell the label, on disk."""

from audit.storage.outputs import Json

FILE = Json("opportunity.json")
