"""How well the audit finds shortcuts whose truth is known."""
