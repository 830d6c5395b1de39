"""Whether a run is whole, large enough and what was asked of it."""
