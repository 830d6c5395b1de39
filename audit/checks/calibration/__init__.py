"""Whether confidence says how often an answer is right."""
