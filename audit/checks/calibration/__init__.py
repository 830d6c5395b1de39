"""Agreement of confidence with how often answers are right."""
