"""Dependence of heatmaps on the model, and what they miss."""
