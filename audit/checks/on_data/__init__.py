"""The audit held against stamps that are taught on a run's own backbone and photographs."""
