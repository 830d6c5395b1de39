"""Pure functions on arrays: localisation, verdicts, statistics."""
