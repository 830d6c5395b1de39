"""Verdicts of a whole run, on disk."""

from audit.storage.outputs import Table
from audit.storage.run import VERDICTS

TABLE = Table("verdicts.parquet", VERDICTS)
