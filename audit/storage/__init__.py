"""Files of a run: written whole, read safely, on disk or at a URL."""
