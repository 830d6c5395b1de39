"""What everything else stands on: errors, shared types, registries, progress, numbers."""
