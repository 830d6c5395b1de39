"""Where masks come from, which images they belong to, and what their values mean."""
