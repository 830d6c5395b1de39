"""Whether heatmaps depend on the model, and what they miss."""
