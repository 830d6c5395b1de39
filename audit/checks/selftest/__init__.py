"""Record of the audit on shortcuts whose truth is known."""
