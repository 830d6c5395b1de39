"""Rules of the findings: each looks at one thing and makes a `Finding` of it, or None."""
