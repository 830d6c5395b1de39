"""How much more an edit of the background costs one class than the others."""
