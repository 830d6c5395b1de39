"""Robustness of answers and heatmaps under common corruptions."""
