"""What the self-test on a run's own data found, on disk."""

from audit.storage.outputs import Json

FILE = Json("selftest.json")
WORLDS = "selftest"  # folder of finished worlds, a Parquet table of records each
